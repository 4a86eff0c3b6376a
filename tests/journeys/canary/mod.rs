//! No personal data in any sink: one household's whole main job and its refusals at the finest log
//! level, then every place text could have gone is searched for the canaries in every guise
//! (money.md 4); every operation of the document is sent canaries where they do not belong before that. That the search can find is shown in the same run, by values planted in every sink
//! that a test can write to.

mod everything;
mod guises;
mod owner;
mod redis_tap;
mod seller;
mod sinks;

use libtest_mimic::Failed;
use lifeline_tests::{Demo, Engine, Phone, Server};

use self::guises::{Canary, Search};
use self::owner::Owner;
use self::redis_tap::RedisTap;
use self::seller::Seller;
use crate::fixtures::BOTH;
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![
        ("canaries_reach_no_sink", BOTH, canaries),
        (
            "m3_14_a_sellers_canaries_reach_no_sink",
            BOTH,
            sellers_canaries,
        ),
        ("the_search_for_canaries_finds", &[Engine::Sqlite], finds),
    ]
}

fn finds(_: Engine) -> Result<(), Failed> {
    guises::proves_itself();
    Ok(())
}

/// The one whose data must not get out: a name of four characters, an ID number that ends in X, and
/// numbers whose last six begin with 0, so that no counter or time looks like the end of one.
const PERSON: &str = "ouyang-zhu";

/// What the household knows of itself, as the sandbox's cast has it.
struct Facts {
    phone: String,
    consumer_no: String,
    id_last6: String,
}

async fn plant(demo: &Demo) -> (Facts, Search) {
    let sandbox = Phone::new(demo);
    let people = sandbox.sandbox_get("/sim/people").await;
    let everybody = people.as_array().cloned().unwrap_or_default();
    let person = everybody.iter().find(|one| one["person"] == PERSON);
    let person = person.expect("the household is in the cast");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let wallets = sandbox.sandbox_get("/sim/alipay/wallets").await;
    let wallets = wallets["wallets"].as_array().cloned().unwrap_or_default();
    let wallet = wallets.iter().find(|one| one["person"] == PERSON);
    let wallet = wallet.expect("the household has a wallet");
    let facts = Facts {
        phone: text(&person["phone"]),
        consumer_no: text(&person["consumer_nos"][0]),
        id_last6: text(&person["id_last6"]),
    };
    let search = Search::new(vec![
        Canary::new("phone", &facts.phone),
        Canary::new("name", &text(&person["name"])),
        Canary::new("consumer number", &facts.consumer_no),
        Canary::new("address", &text(&person["addresses"][0])),
        Canary::new("ID number", &text(&wallet["id_no"])),
        Canary::new("open_id", &text(&wallet["open_id"])),
        Canary::new("user_id", &text(&wallet["user_id"])),
    ]);
    (facts, search)
}

const WIDE: &str = "1000000";
/// The finest level, and no limit in the way of much traffic.
const LOUD: [(&str, &str); 5] = [
    ("LIFELINE_LOG", "trace"),
    ("LIFELINE__LIMITS__PER_ACCOUNT_MINUTE", WIDE),
    ("LIFELINE__LIMITS__PER_ADDRESS_MINUTE", WIDE),
    ("LIFELINE__LIMITS__PER_NETWORK_MINUTE", WIDE),
    ("LIFELINE__LIMITS__FUNCTIONS_PERCENT", WIDE),
];

async fn tap(engine: Engine) -> Option<RedisTap> {
    match engine {
        Engine::Postgres => Some(RedisTap::open().await),
        Engine::Sqlite => None,
    }
}

/// A server that nobody else uses: its write-ahead log is searched, and among what hundreds of other
/// tests write there six characters come up by chance.
fn server(engine: Engine) -> Option<Server> {
    match engine {
        Engine::Postgres => Some(Server::start()),
        Engine::Sqlite => None,
    }
}

fn loud(server: Option<&Server>) -> Demo {
    Demo::start_on(server.map(|server| server.url().to_owned()), &LOUD)
}

/// Searched twice: while the data is there, and once the end of the cooperation has erased it.
fn sellers_canaries(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let redis = tap(engine).await;
        let server = server(engine);
        let demo = loud(server.as_ref());
        let mut seller = Seller::sign_in(&demo).await;
        seller.lives().await;
        seller.reads_back().await;
        seller.chatters(sinks::LOG_LINES_MIN).await;
        for is_over in [false, true] {
            if is_over {
                seller.ends().await;
            }
            let secrets = seller.secrets().await;
            let found = sinks::search(&demo, redis.as_ref(), seller.search(), &secrets).await;
            assert_eq!(found, Vec::<String>::new(), "over: {is_over}");
        }
    })
}

fn canaries(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let redis = tap(engine).await;
        let server = server(engine);
        let demo = loud(server.as_ref());
        let (facts, search) = plant(&demo).await;
        let mut owner = Owner::sign_in(&demo, &search).await;
        owner.lives(&facts).await;
        owner.reads_back(&facts).await;
        owner.chatters(sinks::LOG_LINES_MIN).await;
        everything::is_asked(&demo, &facts, &search).await;
        let found = sinks::search(&demo, redis.as_ref(), &search, &owner.secrets()).await;
        assert_eq!(found, Vec::<String>::new());
        sinks::finds_what_is_planted(&demo, redis.as_ref()).await;
    })
}

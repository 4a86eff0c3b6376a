//! Login, password and code.

use std::sync::Arc;

use async_trait::async_trait;
use lifeline_adapters::passwords::{Argon2id, Cost};
use lifeline_core::accounts::attempts::{self, Guard};
use lifeline_core::accounts::credential::Login;
use lifeline_core::accounts::passwords::{NotHashed, Password, PasswordHash, Passwords};
use lifeline_core::accounts::{
    AccountError, Caller, Came, Client, PasswordDoor, Secret, Shown, SignedIn,
};
use lifeline_core::shared::time::Clock as _;
use lifeline_core::store::{Tx, atomically};

use crate::on_every_engine;
use crate::world::{LI_MING, WANG_FANG, World};

on_every_engine! { "passwords":
    ec_16_login_password_and_code_sign_in_and_nothing_less_does,
    ec_16_a_code_is_sent_only_after_the_password_fits_and_nobody_is_told,
    c9_five_wrong_passwords_close_the_door_from_there_and_not_for_the_owner,
    c9_the_door_opens_again_after_a_quarter_of_an_hour,
    c9_no_more_guesses_pass_around_the_edge_of_a_quarter,
    c9_guesses_at_once_find_the_door_open_five_times,
    c9_a_known_device_still_enters_while_its_place_is_closed,
    ec_16_a_password_that_was_changed_while_it_was_compared_opens_nothing,
    ec_16_a_login_is_one_accounts_and_a_new_password_ends_other_sessions,
    m3_7_a_password_that_was_stolen_leaves_its_owner_codes_to_set_another,
    ec_16_login_and_password_lie_nowhere_open,
}

const PASSWORD: &str = "canary-tr4x-9pq";

fn hashing(world: &World) -> Argon2id {
    let cheap = Cost {
        memory_kib: 8,
        passes: 1,
    };
    Argon2id::new(cheap, 2, world.entropy()).unwrap()
}

fn door(world: &World) -> PasswordDoor {
    PasswordDoor::new(world.accounts.clone(), Arc::new(hashing(world)))
}

/// Compares a password, and before it answers the owner has set another one.
#[derive(Debug)]
struct Overtaken {
    hashing: Argon2id,
    door: PasswordDoor,
    owner: Caller,
    code: Secret,
}

#[async_trait]
impl Passwords for Overtaken {
    async fn hash(&self, password: &Password) -> Result<PasswordHash, NotHashed> {
        self.hashing.hash(password).await
    }

    async fn verify(
        &self,
        password: &Password,
        kept: Option<&PasswordHash>,
    ) -> Result<bool, NotHashed> {
        let fits = self.hashing.verify(password, kept).await;
        let login = Login::parse("liming88").unwrap();
        let other = Password::choose("another-tr4x-9pq".into(), &[]).unwrap();
        let set = self.door.set(&self.owner, &login, &other, &self.code);
        set.await.unwrap();
        fits
    }
}

fn shown(world: &World, login: &str, password: &str, otp: Option<Secret>) -> Shown {
    Shown {
        login: Login::parse(login).unwrap(),
        password: Password::typed(password.into()).unwrap(),
        otp,
        client: Client::H5,
        earlier: None,
        place: "192.0.2.1".into(),
        visitor: world.visitor(),
    }
}

/// Sets login and password as their owner does.
async fn set(world: &World, who: &Caller, phone: &str, login: &str) -> Result<(), AccountError> {
    let door = door(world);
    door.ask_code(who).await?;
    world.deliver().await;
    let password = Password::choose(PASSWORD.into(), &[login]).unwrap();
    let code = world.code_on(phone);
    let login = Login::parse(login).unwrap();
    door.set(who, &login, &password, &code).await.map(drop)
}

async fn enter(world: &World, otp: Option<Secret>) -> Result<Came, AccountError> {
    door(world)
        .enter(shown(world, "liming88", PASSWORD, otp))
        .await
}

/// The code that login and password bring to the phone.
async fn code(world: &World) -> Secret {
    let promised = enter(world, None).await.unwrap();
    assert!(matches!(promised, Came::CodePromised(_)));
    world.deliver().await;
    world.code_on(LI_MING.phone)
}

fn signed_in(came: Came) -> SignedIn {
    match came {
        Came::In(signed_in) => *signed_in,
        Came::CodePromised(_) => unreachable!("a code was shown"),
    }
}

async fn ec_16_login_password_and_code_sign_in_and_nothing_less_does(world: World) {
    let who = world.sign_in(&LI_MING).await;
    set(&world, &who, LI_MING.phone, "liming88").await.unwrap();
    let code = code(&world).await;
    let wrong = enter(&world, Some(Secret::new("000000".into()))).await;
    assert!(
        matches!(wrong, Err(AccountError::SignInRefused)),
        "{wrong:?}"
    );
    let other = shown(&world, "liming88", "another-9pq", Some(code.clone()));
    let wrong = door(&world).enter(other).await;
    assert!(
        matches!(wrong, Err(AccountError::SignInRefused)),
        "{wrong:?}"
    );
    let came = signed_in(enter(&world, Some(code.clone())).await.unwrap());
    assert_eq!(came.account_id, who.account_id);
    assert!(came.browser_secret.is_some(), "a browser's session");
    let alive = world
        .accounts
        .session_alive(&came.account_id, &came.session_id)
        .await;
    assert!(alive.unwrap());
    let again = enter(&world, Some(code)).await;
    assert!(matches!(again, Err(AccountError::SignInRefused)), "one use");
}

async fn ec_16_a_code_is_sent_only_after_the_password_fits_and_nobody_is_told(world: World) {
    let who = world.sign_in(&LI_MING).await;
    set(&world, &who, LI_MING.phone, "liming88").await.unwrap();
    let before = world.phones.codes_on(LI_MING.phone).len();
    let mut answers = Vec::new();
    for (login, password) in [("nobody", PASSWORD), ("liming88", "another-9pq")] {
        let shown = shown(&world, login, password, None);
        answers.push(door(&world).enter(shown).await.unwrap());
        world.deliver().await;
    }
    assert_eq!(world.phones.codes_on(LI_MING.phone).len(), before);
    answers.push(enter(&world, None).await.unwrap());
    // A second one within the minute: nothing is sent, and nothing of it is told.
    answers.push(enter(&world, None).await.unwrap());
    world.deliver().await;
    assert_eq!(world.phones.codes_on(LI_MING.phone).len(), before + 1);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

async fn c9_five_wrong_passwords_close_the_door_from_there_and_not_for_the_owner(world: World) {
    let who = world.sign_in(&LI_MING).await;
    set(&world, &who, LI_MING.phone, "liming88").await.unwrap();
    for _ in 0..5 {
        let guess = shown(&world, "liming88", "another-9pq", None);
        door(&world).enter(guess).await.unwrap();
    }
    let before = world.phones.codes_on(LI_MING.phone).len();
    enter(&world, None).await.unwrap();
    world.deliver().await;
    let now = world.phones.codes_on(LI_MING.phone).len();
    assert_eq!(
        now, before,
        "closed from there, also with the right password"
    );
    // The owner from elsewhere, and through Alipay.
    let elsewhere = Shown {
        place: "198.51.100.7".into(),
        ..shown(&world, "liming88", PASSWORD, None)
    };
    door(&world).enter(elsewhere.clone()).await.unwrap();
    world.deliver().await;
    let code = world.code_on(LI_MING.phone);
    let elsewhere = Shown {
        otp: Some(code),
        ..elsewhere
    };
    let came = door(&world).enter(elsewhere).await;
    assert!(matches!(came, Ok(Came::In(_))), "{came:?}");
    assert_eq!(world.sign_in(&LI_MING).await.account_id, who.account_id);
}

async fn c9_the_door_opens_again_after_a_quarter_of_an_hour(world: World) {
    let who = world.sign_in(&LI_MING).await;
    set(&world, &who, LI_MING.phone, "liming88").await.unwrap();
    for _ in 0..6 {
        let guess = shown(&world, "liming88", "another-9pq", None);
        door(&world).enter(guess).await.unwrap();
    }
    world.clock.advance(15 * 60);
    let code = code(&world).await;
    assert!(enter(&world, Some(code)).await.is_ok());
}

/// Whether login and password, both right, bring a code to the phone.
async fn is_open(world: &World) -> bool {
    let before = world.phones.codes_on(LI_MING.phone).len();
    enter(world, None).await.unwrap();
    world.deliver().await;
    world.phones.codes_on(LI_MING.phone).len() > before
}

async fn c9_no_more_guesses_pass_around_the_edge_of_a_quarter(world: World) {
    let who = world.sign_in(&LI_MING).await;
    set(&world, &who, LI_MING.phone, "liming88").await.unwrap();
    let guess = async || {
        let guess = shown(&world, "liming88", "another-9pq", None);
        door(&world).enter(guess).await.unwrap();
    };
    // A second before a quarter of the clock ends.
    let into = world.clock.now().shanghai_second_of_day() % 900;
    world.clock.advance(899 - into);
    for _ in 0..4 {
        guess().await;
    }
    assert!(is_open(&world).await, "four are not five");
    guess().await;
    world.clock.advance(120);
    for _ in 0..5 {
        guess().await;
    }
    assert!(!is_open(&world).await, "another quarter, the same guesses");
    world.clock.advance(779);
    assert!(!is_open(&world).await, "closed for a quarter of an hour");
    // Those that came to the closed door do not count.
    world.clock.advance(1);
    assert!(is_open(&world).await);
}

async fn c9_a_known_device_still_enters_while_its_place_is_closed(world: World) {
    let who = world.sign_in(&LI_MING).await;
    set(&world, &who, LI_MING.phone, "liming88").await.unwrap();
    let first = code(&world).await;
    let known = signed_in(enter(&world, Some(first)).await.unwrap()).refresh_token;
    let strangers = world.try_sign_in(&WANG_FANG).await.unwrap().refresh_token;
    world.clock.advance(61);
    // Whether a code came, by the cookie that the browser shows.
    let opens = async |earlier: Option<&Secret>, password: &str| {
        let before = world.phones.codes_on(LI_MING.phone).len();
        let shown = Shown {
            earlier: earlier.cloned(),
            ..shown(&world, "liming88", password, None)
        };
        door(&world).enter(shown).await.unwrap();
        world.deliver().await;
        world.clock.advance(61);
        world.phones.codes_on(LI_MING.phone).len() > before
    };
    for _ in 0..5 {
        assert!(!opens(None, "another-9pq").await);
    }
    assert!(!opens(None, PASSWORD).await);
    assert!(!opens(Some(&strangers), PASSWORD).await, "somebody else's");
    assert!(opens(Some(&known), PASSWORD).await, "the owner's own");
    for _ in 0..5 {
        assert!(!opens(Some(&known), "another-9pq").await);
    }
    assert!(
        !opens(Some(&known), PASSWORD).await,
        "five are five there too"
    );
}

async fn c9_guesses_at_once_find_the_door_open_five_times(world: World) {
    let place = &world;
    let guesses = (0..12).map(|_| async move {
        let guess = shown(place, "liming88", "another-9pq", None);
        door(place).enter(guess).await.unwrap();
    });
    futures_util::future::join_all(guesses).await;
    let now = world.clock.now();
    let found = atomically(&*world.store, async |tx: &mut Tx| {
        attempts::lately(tx, Guard::PasswordsFromPlace, "liming88|192.0.2.1", now).await
    });
    assert_eq!(found.await.unwrap(), 5);
}

async fn ec_16_a_password_that_was_changed_while_it_was_compared_opens_nothing(world: World) {
    let who = world.sign_in(&LI_MING).await;
    set(&world, &who, LI_MING.phone, "liming88").await.unwrap();
    let code = code(&world).await;
    world.clock.advance(61);
    door(&world).ask_code(&who).await.unwrap();
    world.deliver().await;
    let overtaken = Overtaken {
        hashing: hashing(&world),
        door: door(&world),
        owner: who,
        code: world.code_on(LI_MING.phone),
    };
    let slow = PasswordDoor::new(world.accounts.clone(), Arc::new(overtaken));
    let late = slow.enter(shown(&world, "liming88", PASSWORD, Some(code)));
    let late = late.await;
    assert!(matches!(late, Err(AccountError::SignInRefused)), "{late:?}");
}

async fn ec_16_a_login_is_one_accounts_and_a_new_password_ends_other_sessions(world: World) {
    let who = world.sign_in(&LI_MING).await;
    let other_device = world.sign_in(&LI_MING).await;
    set(&world, &who, LI_MING.phone, "liming88").await.unwrap();
    let alive = async |who: &Caller| {
        let alive = world
            .accounts
            .session_alive(&who.account_id, &who.session_id);
        alive.await.unwrap()
    };
    assert!(alive(&who).await && !alive(&other_device).await);
    let stranger = world.sign_in(&WANG_FANG).await;
    let taken = set(&world, &stranger, WANG_FANG.phone, "LiMing88").await;
    assert!(matches!(taken, Err(AccountError::LoginTaken)), "{taken:?}");
    set(&world, &stranger, WANG_FANG.phone, "wangfang")
        .await
        .unwrap_err();
    world.clock.advance(61);
    set(&world, &stranger, WANG_FANG.phone, "wangfang")
        .await
        .unwrap();
}

async fn m3_7_a_password_that_was_stolen_leaves_its_owner_codes_to_set_another(world: World) {
    let who = world.sign_in(&LI_MING).await;
    set(&world, &who, LI_MING.phone, "liming88").await.unwrap();
    let codes = || world.phones.codes_on(LI_MING.phone).len();
    for n in 1..=15 {
        world.clock.advance(61);
        enter(&world, None).await.unwrap();
        world.deliver().await;
        assert_eq!(codes(), 1 + n.min(8), "after {n}");
    }
    set(&world, &who, LI_MING.phone, "liming88").await.unwrap();
    assert_eq!(codes(), 10);
    // Of the account's twenty ten were asked for by the password, and two by its owner.
    for _ in 0..8 {
        world.clock.advance(61);
        door(&world).ask_code(&who).await.unwrap();
    }
    world.clock.advance(61);
    let more = door(&world).ask_code(&who).await;
    assert!(
        matches!(more, Err(AccountError::TooManyCodes { .. })),
        "{more:?}"
    );
    world.deliver().await;
    assert_eq!(codes(), 10, "nor more than ten to the phone");
}

async fn ec_16_login_and_password_lie_nowhere_open(world: World) {
    let who = world.sign_in(&LI_MING).await;
    set(&world, &who, LI_MING.phone, "canary-login")
        .await
        .unwrap();
    for canary in ["canary-login", "canary-tr4x", "argon2id"] {
        assert!(!world.lies_open(canary).await, "{canary}");
    }
}

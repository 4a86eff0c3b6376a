//! A disk that fails under a group commit: the process ends, nobody who waited is answered, nothing
//! is sent any more; after the next start nothing is lost and nothing done twice.

use std::time::Duration;

use libtest_mimic::Failed;
use lifeline_tests::{Engine, Looks};
use reqwest::Method;
use serde_json::json;

use crate::disk::Disk;
use crate::household::Household;
use crate::job::Job;
use crate::stage::{Conditions, Stage};
use crate::{job, matrix, outcome, points, run};

/// The commit that stores an order: what follows it is a create at the channel.
const UNIT: &str = "commit\tpayments::start::store_order\tbefore\t1";

pub(crate) fn a_failed_fsync_ends_the_process(_: Engine) -> Result<(), Failed> {
    run(async { fails("fsync EIO").await })
}

pub(crate) fn a_full_disk_ends_the_process(_: Engine) -> Result<(), Failed> {
    run(async { fails("write ENOSPC").await })
}

async fn fails(fault: &str) {
    let expected = matrix::undisturbed(Engine::Sqlite, Job::Main).await.outcome;
    let stage = Stage::open(Engine::Sqlite).await;
    let disk = Disk::watching(&stage.folder().join("disk"), &stage.database_file());
    let conditions = |plan: String| Conditions {
        plan,
        environment: disk.environment(),
        arguments: Vec::new(),
    };
    let first = conditions(format!("pause\t{UNIT}\n"));
    let mut world = Household::begin(stage, &first, conditions(String::new()));
    let homes = job::move_in(&mut world, job::PAYER).await;
    let arrears = world
        .get(&format!("/v1/bindings/{}/arrears", homes[0]))
        .await;
    let order = json!({"binding_id": homes[0], "purpose": "arrears", "amount_fen": arrears["total_fen"],
        "arrears_version": arrears["arrears_version"], "via": "mini"});
    let neighbour = json!({"purpose": "identity_match", "version": "unknown"});
    let consents = "/v1/me/consents";
    let (paying, agreeing, meddling) = {
        let world = &world;
        let pays = world.once(
            Method::POST,
            "/v1/payments",
            Some(&order),
            Some(job::PAYER_KEY),
        );
        let agrees = async {
            // Joins the group of the order that waits in the middle of its unit.
            waits(world).await;
            world
                .once(
                    Method::DELETE,
                    consents,
                    Some(&json!({"purpose": "notices"})),
                    None,
                )
                .await
        };
        let meddles = async {
            waits(world).await;
            disk.fail(fault);
            std::fs::write(world.stage.points(1).join("go"), "").expect("a word to go on");
            world
                .once(Method::POST, consents, Some(&neighbour), None)
                .await
        };
        futures_util::join!(pays, agrees, meddles)
    };
    assert!(paying.is_none(), "answered: {paying:?}");
    for other in [agreeing, meddling].into_iter().flatten() {
        assert!(!other.status.is_success(), "answered: {other:?}");
    }
    let status = world.stage.wait_ended();
    assert_eq!(status.code(), Some(1), "{status}: {}", world.stage.log());
    let log = world.stage.log();
    assert!(log.contains("the disk failed during a commit"), "{log}");
    assert!(log.contains("what to do"), "{log}");
    assert!(disk.struck() > 0, "the disk never failed");
    assert_eq!(
        points::after(&world.stage.points(1), UNIT, "send"),
        0,
        "something was sent"
    );
    let trades = world.stage.sandbox_get("/sim/alipay/trades").await;
    assert_eq!(trades, json!([]), "the channel heard of it");
    disk.mend();
    let mended = world.stage.start(&conditions(String::new()));
    assert!(mended.is_ok(), "{mended:?}: {}", world.stage.log());
    job::play_on(&mut world, &homes).await;
    let found = outcome::read(&world.stage).await;
    assert_eq!(
        found.hash,
        expected.hash,
        "{}",
        outcome::difference(&expected, &found)
    );
}

/// Until the order stands inside its unit.
async fn waits(world: &Household) {
    let mut looks = Looks::every(Duration::from_millis(2));
    while points::last(&world.stage.points(1)).as_deref() != Some(UNIT) {
        assert!(looks.again().await, "the order never came to its unit");
    }
}

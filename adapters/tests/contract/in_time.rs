//! The store within what a request has left.

use std::time::{Duration, Instant};

use lifeline_core::shared::deadline;
use lifeline_core::store::{StoreError, snapshot};

use crate::bench::Bench;
use crate::contracts;
use crate::unit::{count, line};

contracts! { "in_time":
    a_request_without_time_begins_nothing_and_its_unit_leaves_nothing => [];
}

/// At the last moment a unit is begun and kept; without any left neither unit nor view is begun, and a
/// unit whose time runs out inside is gone. What others do is not touched.
async fn a_request_without_time_begins_nothing_and_its_unit_leaves_nothing(t: Bench) {
    let record = async |subject: &str, pause: Duration| {
        let written = line(&t, subject);
        t.write(async |tx| {
            tx.audit().append(&written).await?;
            tokio::time::sleep(pause).await;
            tx.audit().about("nobody", 1).await.map(drop)
        })
        .await
    };
    let soon = || Instant::now() + Duration::from_secs(60);
    let kept = deadline::within(soon(), record("in time", Duration::ZERO)).await;
    assert!(kept.is_ok(), "{kept:?}");
    let over = deadline::within(Instant::now(), record("over", Duration::ZERO)).await;
    assert!(matches!(over, Err(StoreError::Unavailable(_))), "{over:?}");
    let view = deadline::within(Instant::now(), async {
        snapshot(&*t.store).await.map(drop)
    })
    .await;
    assert!(matches!(view, Err(StoreError::Unavailable(_))), "{view:?}");
    let moment = Duration::from_millis(150);
    let inside = record("inside", moment * 3);
    let inside = deadline::within(Instant::now() + moment, inside).await;
    assert!(
        matches!(inside, Err(StoreError::Unavailable(_))),
        "{inside:?}"
    );
    for (subject, rows) in [("in time", 1), ("over", 0), ("inside", 0)] {
        assert_eq!(count(&t, subject).await, rows, "{subject}");
    }
}

//! What waits for a person, or for room, as metrics: whoever watches at night has no console open.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use lifeline_core::insight::Insight;
use lifeline_core::insight::standing::{Carried, OpenCases};
use lifeline_core::shared::time::Time;
use lifeline_gateway::listeners::resources::{Backup, Resources};
use lifeline_gateway::runner::Worker;

use crate::resources::Resting;

/// A look comes no sooner than so many microseconds after the one before.
const PAUSE_MICROS: i64 = 55_000_000;
/// Of what cannot be asked or read: below every bound.
const UNKNOWN: i64 = -1;

/// Looks every minute.
pub(crate) struct StandingWorker {
    insight: Insight,
    resting: Resting,
    /// When it last looked: workers are woken by every commit, and this one must not be.
    looked_at: AtomicI64,
}

impl StandingWorker {
    pub(crate) fn of(insight: Insight, resting: &Resting) -> Self {
        Self {
            insight,
            resting: resting.clone(),
            looked_at: AtomicI64::new(0),
        }
    }

    async fn look(&self, now: Time) {
        match self.insight.carried().await {
            Ok(carried) => tell_carried(carried, now),
            Err(error) => tracing::warn!(%error, "standing.unread"),
        }
        match self.insight.open_cases().await {
            Ok(cases) => tell_cases(&cases),
            Err(error) => tracing::warn!(%error, "standing.unread"),
        }
        let resting = self.resting.clone();
        let looked = tokio::task::spawn_blocking(move || resting.look(Vec::new()));
        if let Ok(resources) = looked.await {
            tell_resources(&resources, now);
        }
    }
}

#[async_trait]
impl Worker for StandingWorker {
    fn name(&self) -> &'static str {
        "standing"
    }

    fn tick(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn run_once(&self, now: Time) -> bool {
        let before = self.looked_at.load(Ordering::Relaxed);
        // A clock that was set back must not keep it waiting.
        if !(0..PAUSE_MICROS).contains(&now.micros().saturating_sub(before)) {
            self.looked_at.store(now.micros(), Ordering::Relaxed);
            self.look(now).await;
        }
        false
    }
}

/// A count as a gauge takes it; what is more than a gauge needs to say is said as its most.
fn figure(count: i64) -> f64 {
    f64::from(i32::try_from(count).unwrap_or(i32::MAX))
}

fn tell_carried(carried: Carried, now: Time) {
    for one in carried.waiting {
        let (lane, oldest) = (one.lane.as_str(), one.oldest);
        let oldest = oldest.map_or(0, |at| now.seconds_since(at).max(0));
        metrics::gauge!("lifeline_outbox_waiting", "lane" => lane).set(figure(one.n));
        metrics::gauge!("lifeline_outbox_oldest_seconds", "lane" => lane).set(figure(oldest));
    }
    metrics::gauge!("lifeline_outbox_buried").set(figure(carried.buried));
    let brakes = [
        ("refunds", carried.refunds_stopped),
        ("payouts", carried.payouts_stopped),
    ];
    for (what, since) in brakes {
        metrics::gauge!("lifeline_brake_on", "what" => what)
            .set(f64::from(u8::from(since.is_some())));
    }
}

fn tell_cases(cases: &[OpenCases]) {
    for one in cases {
        let in_time = one.open.saturating_sub(one.overdue).max(0);
        for (stands, count) in [("in_time", in_time), ("overdue", one.overdue)] {
            metrics::gauge!("lifeline_cases_open", "kind" => one.kind.as_str(), "stands" => stands)
                .set(figure(count));
        }
    }
}

fn tell_resources(resources: &Resources, now: Time) {
    for disk in &resources.disks {
        let percent = disk
            .free_percent()
            .and_then(|free| i64::try_from(free).ok());
        metrics::gauge!("lifeline_disk_free_percent", "disk" => disk.name)
            .set(figure(percent.unwrap_or(UNKNOWN)));
    }
    let hours = match &resources.backup {
        Backup::Made(record) => record.age_hours(now).max(UNKNOWN),
        Backup::Unknown | Backup::Unreadable => UNKNOWN,
    };
    metrics::gauge!("lifeline_backup_age_hours").set(figure(hours));
}

#[cfg(test)]
mod tests {
    use lifeline_core::cases::CaseKind;
    use lifeline_core::insight::standing::Waiting;
    use lifeline_core::outbox::Lane;
    use lifeline_gateway::listeners::resources::{BackupRecord, Disk};

    use super::*;

    const NOW: Time = Time::from_micros(1_795_000_000_000_000);

    fn told(tell: impl Fn()) -> String {
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        metrics::with_local_recorder(&recorder, tell);
        recorder.handle().render()
    }

    fn has(told: &str, lines: &[&str]) {
        for line in lines {
            assert!(told.lines().any(|one| one == *line), "{line}\n{told}");
        }
    }

    #[test]
    fn what_waits_is_told_and_what_is_over_is_told_as_none() {
        let waits = |lane, n, oldest: Option<i64>| Waiting {
            lane,
            n,
            oldest: oldest.map(|seconds| NOW.plus_seconds(-seconds)),
        };
        let carried = Carried {
            waiting: [
                waits(Lane::Urgent, 1, Some(90)),
                waits(Lane::Money, 0, None),
                waits(Lane::Usual, 7, Some(7_200)),
            ],
            buried: 2,
            refunds_stopped: None,
            payouts_stopped: Some(NOW),
        };
        let lines = told(|| tell_carried(carried, NOW));
        let expected = [
            "lifeline_outbox_waiting{lane=\"urgent\"} 1",
            "lifeline_outbox_waiting{lane=\"money\"} 0",
            "lifeline_outbox_waiting{lane=\"usual\"} 7",
            "lifeline_outbox_oldest_seconds{lane=\"urgent\"} 90",
            "lifeline_outbox_oldest_seconds{lane=\"money\"} 0",
            "lifeline_outbox_oldest_seconds{lane=\"usual\"} 7200",
            "lifeline_outbox_buried 2",
            "lifeline_brake_on{what=\"refunds\"} 0",
            "lifeline_brake_on{what=\"payouts\"} 1",
        ];
        has(&lines, &expected);
    }

    #[test]
    fn open_cases_are_told_by_kind_and_by_whether_they_are_late() {
        let cases = [
            OpenCases {
                kind: CaseKind::ForeignRefund,
                open: 3,
                overdue: 1,
            },
            OpenCases {
                kind: CaseKind::DeadLetter,
                open: 0,
                overdue: 0,
            },
        ];
        let lines = told(|| tell_cases(&cases));
        let expected = [
            "lifeline_cases_open{kind=\"foreign_refund\",stands=\"in_time\"} 2",
            "lifeline_cases_open{kind=\"foreign_refund\",stands=\"overdue\"} 1",
            "lifeline_cases_open{kind=\"dead_letter\",stands=\"in_time\"} 0",
            "lifeline_cases_open{kind=\"dead_letter\",stands=\"overdue\"} 0",
        ];
        has(&lines, &expected);
    }

    #[test]
    fn room_and_the_last_backup_are_told_and_what_is_not_known_is_below_every_bound() {
        let resources = |room, backup| Resources {
            disks: vec![Disk {
                name: "keyring",
                room,
            }],
            pools: Vec::new(),
            certificates: Vec::new(),
            quotas: Vec::new(),
            backup,
        };
        let record = BackupRecord {
            made_at: NOW.plus_seconds(-27 * 3_600),
            bytes: 9,
            checked: None,
        };
        let known = resources(Some((1, 4)), Backup::Made(record));
        let lines = told(|| tell_resources(&known, NOW));
        let expected = [
            "lifeline_disk_free_percent{disk=\"keyring\"} 25",
            "lifeline_backup_age_hours 27",
        ];
        has(&lines, &expected);
        let unknown = resources(None, Backup::Unreadable);
        let lines = told(|| tell_resources(&unknown, NOW));
        let expected = [
            "lifeline_disk_free_percent{disk=\"keyring\"} -1",
            "lifeline_backup_age_hours -1",
        ];
        has(&lines, &expected);
    }
}

//! What this process lives on, as the system page shows it (LN-39).

use lifeline_core::shared::time::Time;

use crate::listeners::resources::{Backup, Resources};

/// One line of the page: words of the catalogue, figures as they are.
pub(super) struct Row {
    /// A key of the words.
    pub(super) what: String,
    pub(super) stands: String,
    pub(super) enough: bool,
    /// What is there is not what is in force until the node starts again.
    pub(super) waits: bool,
}

/// The part of the page about resources.
pub(super) struct Shown {
    pub(super) rows: Vec<Row>,
    pub(super) quotas: Vec<(String, u64)>,
    /// A key of the words.
    pub(super) backup: String,
    pub(super) backup_well: bool,
    pub(super) backup_facts: Vec<(&'static str, String)>,
}

fn gib(bytes: u64) -> String {
    let tenths = u128::from(bytes).saturating_mul(10).div_euclid(1 << 30);
    format!("{}.{} GiB", tenths.div_euclid(10), tenths.rem_euclid(10))
}

pub(super) fn shown(resources: &Resources, now: Time) -> Shown {
    let mut rows = Vec::new();
    for disk in &resources.disks {
        let stands = match (disk.room, disk.free_percent()) {
            (Some((free, whole)), Some(percent)) => {
                format!("{} / {} ({percent} %)", gib(free), gib(whole))
            }
            _ => "—".to_owned(),
        };
        rows.push(Row {
            what: format!("disk.{}", disk.name),
            stands,
            enough: disk.is_enough(),
            waits: false,
        });
    }
    for pool in &resources.pools {
        rows.push(Row {
            what: format!("pool.{}", pool.name),
            stands: format!("{} / {} (+{})", pool.taken, pool.most, pool.waiting),
            enough: pool.is_enough(),
            waits: false,
        });
    }
    for certificate in &resources.certificates {
        let stands = match (certificate.ends_at, certificate.days_left(now)) {
            (Some(end), Some(days)) => format!("{days} d · {}", end.shanghai_date()),
            _ => "—".to_owned(),
        };
        rows.push(Row {
            what: format!("certificate.{}", certificate.name),
            stands,
            enough: certificate.is_enough(now),
            waits: certificate.waits,
        });
    }
    let stands = resources.backup.stands(now);
    let quota =
        |one: &crate::listeners::resources::Quota| (format!("quota.{}", one.name), one.most);
    Shown {
        rows,
        quotas: resources.quotas.iter().map(quota).collect(),
        backup: format!("backup.{stands}"),
        backup_well: stands == "well",
        backup_facts: facts(&resources.backup, now),
    }
}

fn facts(backup: &Backup, now: Time) -> Vec<(&'static str, String)> {
    let Backup::Made(record) = backup else {
        return Vec::new();
    };
    let made = record.made_at.alipay_text();
    let mut facts = vec![
        (
            "backup.made",
            format!("{made} · {} h", record.age_hours(now)),
        ),
        ("backup.size", gib(record.bytes)),
    ];
    if let Some((at, how)) = &record.checked {
        facts.push(("backup.checked", at.alipay_text()));
        facts.push(("backup.how", how.clone()));
    }
    facts
}

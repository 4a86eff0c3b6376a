//! What a process lives on: disks, pools, certificates, quotas, the last backup. Gathered when somebody
//! looks; what is too little is said here once, for every place that shows it.

use lifeline_core::shared::time::Time;

/// Below a tenth of a disk, or 2 GiB, there is too little room.
const DISK_PART_MIN: u64 = 10;
const DISK_FREE_MIN: u64 = 2 << 30;
/// A certificate is renewed in its last month.
const CERTIFICATE_DAYS_MIN: i64 = 30;
/// Every night a backup, with two hours to make it.
const BACKUP_HOURS_MAX: i64 = 26;
/// A backup that nobody has put back for so long is not known to be one.
const CHECK_DAYS_MAX: i64 = 31;
const HOUR_S: i64 = 3_600;
const DAY_S: i64 = 86_400;

/// What a page says of these, as keys of its words.
pub const WORDS: &[&str] = &[
    "disk.store",
    "disk.keyring",
    "pool.connections",
    "pool.readers",
    "pool.units",
    "certificate.line",
    "certificate.line_client_ca",
    "certificate.alipay_app",
    "quota.per_address_minute",
    "quota.per_network_minute",
    "quota.per_account_minute",
    "quota.functions_percent",
    "quota.codes_per_day",
    "backup.well",
    "backup.old",
    "backup.unchecked",
    "backup.unknown",
    "backup.unreadable",
];

/// Everything at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resources {
    pub disks: Vec<Disk>,
    pub pools: Vec<Pool>,
    pub certificates: Vec<Certificate>,
    pub quotas: Vec<Quota>,
    pub backup: Backup,
}

/// Room on the file system of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Disk {
    /// `store`, `keyring`.
    pub name: &'static str,
    /// Absent when it cannot be asked.
    pub room: Option<(u64, u64)>,
}

impl Disk {
    /// Percent free, and whether that is enough.
    #[must_use]
    pub fn free_percent(&self) -> Option<u64> {
        let (free, whole) = self.room?;
        free.saturating_mul(100).checked_div(whole)
    }

    #[must_use]
    pub fn is_enough(&self) -> bool {
        let part = self.free_percent();
        self.room.is_some_and(|(free, _)| free >= DISK_FREE_MIN)
            && part.is_some_and(|percent| percent >= DISK_PART_MIN)
    }
}

/// Connections, or places in a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// `connections`, `readers`, `units`.
    pub name: &'static str,
    pub taken: usize,
    pub most: usize,
    /// Who waits for one.
    pub waiting: usize,
}

impl Pool {
    #[must_use]
    pub const fn is_enough(&self) -> bool {
        self.waiting == 0 || self.taken < self.most
    }
}

/// A certificate in force, and the file it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Certificate {
    /// `line`, `line_client_ca`, `alipay_app`.
    pub name: &'static str,
    /// When its first member ends; absent when it cannot be read.
    pub ends_at: Option<Time>,
    /// The file holds another one by now, which this process takes up when it starts again.
    pub waits: bool,
}

impl Certificate {
    /// Whole days left, below zero when it is over.
    #[must_use]
    pub fn days_left(&self, now: Time) -> Option<i64> {
        Some(self.ends_at?.seconds_since(now).div_euclid(DAY_S))
    }

    #[must_use]
    pub fn is_enough(&self, now: Time) -> bool {
        let left = self.days_left(now);
        left.is_some_and(|days| days >= CERTIFICATE_DAYS_MIN)
    }
}

/// A limit that is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// `per_address_minute` and so on, as the configuration calls it.
    pub name: &'static str,
    pub most: u64,
}

/// What is known of the last backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Backup {
    /// Nobody says where its record is.
    Unknown,
    /// The record is not there or cannot be read.
    Unreadable,
    Made(BackupRecord),
}

/// What whoever makes backups writes down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupRecord {
    pub made_at: Time,
    pub bytes: u64,
    /// When one was last put back, and how it was looked at then.
    pub checked: Option<(Time, String)>,
}

impl BackupRecord {
    #[must_use]
    pub const fn age_hours(&self, now: Time) -> i64 {
        now.seconds_since(self.made_at).div_euclid(HOUR_S)
    }

    /// A stable word: `well`, `old`, `unchecked`.
    #[must_use]
    pub fn stands(&self, now: Time) -> &'static str {
        let checked = |(at, _): &(Time, String)| {
            now.seconds_since(*at) < CHECK_DAYS_MAX.saturating_mul(DAY_S)
        };
        if self.age_hours(now) >= BACKUP_HOURS_MAX || now < self.made_at {
            "old"
        } else if self.checked.as_ref().is_some_and(checked) {
            "well"
        } else {
            "unchecked"
        }
    }
}

impl Backup {
    /// `unknown`, `unreadable`, or as the record stands.
    #[must_use]
    pub fn stands(&self, now: Time) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Unreadable => "unreadable",
            Self::Made(record) => record.stands(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_micros(1_795_000_000_000_000);

    #[test]
    fn ln_39_room_is_a_tenth_and_two_gibibytes() {
        let enough = |free, whole| {
            let disk = Disk {
                name: "store",
                room: Some((free, whole)),
            };
            disk.is_enough()
        };
        let gib = 1_u64 << 30;
        assert!(enough(2 * gib, 20 * gib) && !enough(2 * gib - 1, 20 * gib));
        assert!(!enough(2 * gib, 21 * gib) && !enough(0, 0));
        let gone = Disk {
            name: "store",
            room: None,
        };
        assert!(!gone.is_enough());
    }

    #[test]
    fn ln_39_a_pool_is_too_small_when_somebody_waits_and_all_is_taken() {
        let pool = |taken, waiting| Pool {
            name: "readers",
            taken,
            most: 8,
            waiting,
        };
        assert!(pool(8, 0).is_enough() && pool(7, 1).is_enough() && !pool(8, 1).is_enough());
    }

    #[test]
    fn ln_39_a_certificate_is_renewed_in_its_last_month() {
        let certificate = |seconds| Certificate {
            name: "line",
            ends_at: Some(NOW.plus_seconds(seconds)),
            waits: false,
        };
        let month = 30 * DAY_S;
        assert!(certificate(month).is_enough(NOW));
        assert!(!certificate(month - 1).is_enough(NOW));
        assert_eq!(certificate(month - 1).days_left(NOW), Some(29));
        assert_eq!(certificate(-1).days_left(NOW), Some(-1));
        let odd = Certificate {
            name: "line",
            ends_at: None,
            waits: false,
        };
        assert!(!odd.is_enough(NOW));
    }

    #[test]
    fn ln_39_a_backup_is_of_last_night_and_was_put_back_within_a_month() {
        let made = |hours: i64, checked_days: Option<i64>| {
            let checked =
                checked_days.map(|days| (NOW.plus_seconds(-days * DAY_S), "put back".to_owned()));
            let record = BackupRecord {
                made_at: NOW.plus_seconds(-hours * HOUR_S),
                bytes: 1,
                checked,
            };
            Backup::Made(record).stands(NOW)
        };
        assert_eq!(made(25, Some(30)), "well");
        assert_eq!(made(26, Some(30)), "old");
        assert_eq!(made(25, Some(31)), "unchecked");
        assert_eq!(made(25, None), "unchecked");
        assert_eq!(made(-1, Some(1)), "old", "one of tomorrow is no backup");
        assert_eq!(Backup::Unknown.stands(NOW), "unknown");
        assert_eq!(Backup::Unreadable.stands(NOW), "unreadable");
    }
}

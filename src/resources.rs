//! What this process lives on, for the console and `doctor`: asked of the machine and the files when
//! somebody looks.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use lifeline_adapters::machine;
use lifeline_adapters::sql::Engine;
use lifeline_core::shared::time::Time;
use lifeline_gateway::listeners::resources::{
    Backup, BackupRecord, Certificate, Disk, Pool, Quota, Resources,
};
use lifeline_gateway::runner::Worker;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::failure::Failure;
use crate::outside::Outside;
use crate::tls::LineInForce;

/// A record says when, how much and how; more is something else.
const RECORD_BYTES_MAX: u64 = 4 * 1024;
const HOW_CHARS_MAX: usize = 200;
const CERTIFICATE_BYTES_MAX: u64 = 256 * 1024;
/// Every call to Alipay names it; read once, when the process starts.
pub(crate) const ALIPAY_APP: &str = "alipay_app";
const LINE: &str = "line";
const LINE_CLIENT_CA: &str = "line_client_ca";
/// Days left of a certificate that cannot be read: below every bound.
const UNREAD: i32 = -1;

/// Where to look.
#[derive(Debug, Clone)]
pub(crate) struct Resting {
    disks: Vec<(&'static str, PathBuf)>,
    certificates: Vec<(&'static str, PathBuf)>,
    /// The app's certificate as this process read it; none where nothing is served.
    app_in_force: Option<Arc<[u8]>>,
    /// Renewed files that do not fit each other are not taken up: what is in force only the line itself knows.
    line_in_force: Option<Arc<dyn LineInForce>>,
    quotas: Vec<Quota>,
    backup: Option<PathBuf>,
}

impl Resting {
    pub(crate) fn of(config: &Config) -> Result<Self, Failure> {
        let mut disks = Vec::new();
        if let Some(file) = config.store.url.expose_secret().strip_prefix("sqlite:") {
            disks.push(("store", PathBuf::from(file.trim_start_matches("//"))));
        }
        disks.push(("keyring", config.store.keyring.clone()));
        let tls = config.listeners.line.tls.iter();
        let mut certificates: Vec<(&'static str, PathBuf)> = tls
            .flat_map(|files| {
                [
                    (LINE, files.certificate.clone()),
                    (LINE_CLIENT_CA, files.client_ca.clone()),
                ]
            })
            .collect();
        let app = config.alipay.app_certificate.clone();
        certificates.extend(app.map(|file| (ALIPAY_APP, file)));
        let limits = &config.limits;
        let codes = limits.code_budget()?.codes_per_day();
        let quotas = [
            ("per_address_minute", u64::from(limits.per_address_minute)),
            ("per_network_minute", u64::from(limits.per_network_minute)),
            ("per_account_minute", u64::from(limits.per_account_minute)),
            ("functions_percent", u64::from(limits.functions_percent)),
            ("codes_per_day", u64::try_from(codes).unwrap_or(0)),
        ];
        let quota = |(name, most)| Quota { name, most };
        Ok(Self {
            disks,
            certificates,
            app_in_force: None,
            line_in_force: None,
            quotas: quotas.map(quota).to_vec(),
            backup: config.backup.record.clone(),
        })
    }

    /// Of a process that serves: what it took up is in force, whatever the files hold since.
    pub(crate) fn serving(mut self, outside: &Outside, line: Option<Arc<dyn LineInForce>>) -> Self {
        self.app_in_force = outside.app_certificate.as_deref().map(Arc::from);
        self.line_in_force = line;
        self
    }

    fn held(&self, name: &str) -> Option<Arc<[u8]>> {
        let line = || self.line_in_force.as_ref().map(|line| line.shown());
        match name {
            ALIPAY_APP => self.app_in_force.clone(),
            LINE => line().map(|shown| shown.certificate),
            LINE_CLIENT_CA => line().map(|shown| shown.client_ca),
            _ => None,
        }
    }

    fn certificate(&self, name: &'static str, path: &Path) -> Certificate {
        let file = read(path, CERTIFICATE_BYTES_MAX);
        let held = self.held(name);
        let in_force = held.as_deref().or(file.as_deref());
        let other = file.as_deref().is_some_and(|file| in_force != Some(file));
        Certificate {
            name,
            ends_at: in_force.and_then(machine::first_end),
            // The line's files wait for no restart: they are taken up, or wrong.
            waits: other && name == ALIPAY_APP,
        }
    }

    /// Reads files: not for a thread that serves.
    pub(crate) fn look(&self, pools: Vec<Pool>) -> Resources {
        let disk = |(name, path): &(&'static str, PathBuf)| {
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            let room = machine::room_of(folder.unwrap_or(Path::new("."))).ok();
            Disk {
                name,
                room: room.map(|room| (room.free_bytes, room.whole_bytes)),
            }
        };
        let certificate = |(name, path): &(&'static str, PathBuf)| self.certificate(name, path);
        Resources {
            disks: self.disks.iter().map(disk).collect(),
            pools,
            certificates: self.certificates.iter().map(certificate).collect(),
            quotas: self.quotas.clone(),
            backup: self.backup.as_deref().map_or(Backup::Unknown, backup),
        }
    }

    pub(crate) async fn resources(&self, engine: &Engine) -> Resources {
        let pool = |one: lifeline_adapters::sql::Pool| Pool {
            name: one.name,
            taken: one.taken,
            most: one.most,
            waiting: one.waiting,
        };
        let pools = engine.pools().into_iter().map(pool).collect();
        let here = self.clone();
        let looked = tokio::task::spawn_blocking(move || here.look(pools)).await;
        looked.unwrap_or_else(|_| Resources {
            disks: Vec::new(),
            pools: Vec::new(),
            certificates: Vec::new(),
            quotas: self.quotas.clone(),
            backup: Backup::Unreadable,
        })
    }
}

/// Tells of the certificates in force where nobody opens the console: as metrics, and once in the log when a file was
/// renewed that waits for a restart.
pub(crate) struct InForce {
    resting: Resting,
    said: AtomicBool,
}

impl InForce {
    pub(crate) fn of(resting: &Resting) -> Self {
        Self {
            resting: resting.clone(),
            said: AtomicBool::new(false),
        }
    }

    fn tell(&self, certificates: &[Certificate], now: Time) {
        for one in certificates {
            let days = one.days_left(now).and_then(|days| i32::try_from(days).ok());
            metrics::gauge!("lifeline_certificate_days_left", "certificate" => one.name)
                .set(f64::from(days.unwrap_or(UNREAD)));
            metrics::gauge!("lifeline_certificate_waits", "certificate" => one.name)
                .set(f64::from(u8::from(one.waits)));
        }
        let waits = certificates.iter().any(|one| one.waits);
        if waits && !self.said.swap(waits, Ordering::Relaxed) {
            tracing::warn!("alipay.certificate_waits_for_restart");
        }
    }
}

#[async_trait]
impl Worker for InForce {
    fn name(&self) -> &'static str {
        "certificates.in_force"
    }

    fn tick(&self) -> Duration {
        Duration::from_secs(60)
    }

    async fn run_once(&self, now: Time) -> bool {
        let resting = self.resting.clone();
        let looked = tokio::task::spawn_blocking(move || resting.look(Vec::new()).certificates);
        if let Ok(certificates) = looked.await {
            self.tell(&certificates, now);
        }
        false
    }
}

fn read(path: &Path, most: u64) -> Option<Vec<u8>> {
    let short = std::fs::metadata(path).ok()?.len() <= most;
    short.then(|| std::fs::read(path).ok()).flatten()
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Written {
    made_at: String,
    bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    checked_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    checked_how: Option<String>,
}

/// Writes down when a backup was made and how much it is. What was said of one that was put back stays.
pub(crate) fn note_backup(path: &Path, made_at: &str, bytes: u64) -> io::Result<()> {
    let (checked_at, checked_how) = match File::open(path) {
        Ok(_) => {
            let before = read(path, RECORD_BYTES_MAX).filter(|text| record(text).is_some());
            let before = before.and_then(|text| serde_json::from_slice::<Written>(&text).ok());
            // Whatever else it is, it is not ours to write over.
            let before = before.ok_or_else(|| io::Error::other("it is there, and no record"))?;
            (before.checked_at, before.checked_how)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => (None, None),
        Err(error) => return Err(error),
    };
    let written = Written {
        made_at: made_at.to_owned(),
        bytes,
        checked_at,
        checked_how,
    };
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    let draft = PathBuf::from(draft);
    let mut file = File::create(&draft)?;
    file.write_all(&serde_json::to_vec(&written)?)?;
    file.sync_all()?;
    std::fs::rename(&draft, path)
}

fn backup(path: &Path) -> Backup {
    let record = read(path, RECORD_BYTES_MAX).and_then(|text| record(&text));
    record.map_or(Backup::Unreadable, Backup::Made)
}

fn record(text: &[u8]) -> Option<BackupRecord> {
    let written: Written = serde_json::from_slice(text).ok()?;
    let checked = match (written.checked_at, written.checked_how) {
        (None, None) => None,
        (Some(at), Some(how)) if how.chars().count() <= HOW_CHARS_MAX => {
            Some((Time::parse_rfc3339(&at).ok()?, how))
        }
        _ => return None,
    };
    Some(BackupRecord {
        made_at: Time::parse_rfc3339(&written.made_at).ok()?,
        bytes: written.bytes,
        checked,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::Shown;

    /// Until 2027-11-21; the other one until later.
    const FIRST: &[u8] = include_bytes!("../tests/vectors/certificates/line.pem");
    const RENEWED: &[u8] = include_bytes!("../tests/vectors/certificates/authority.pem");

    #[test]
    fn a_renewed_certificate_of_the_app_is_not_in_force_before_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("app.pem");
        let resting = |in_force: Option<&[u8]>| Resting {
            disks: Vec::new(),
            certificates: vec![(ALIPAY_APP, file.clone()), (LINE, file.clone())],
            app_in_force: in_force.map(Arc::from),
            line_in_force: None,
            quotas: Vec::new(),
            backup: None,
        };
        let told = |in_force| {
            let looked = resting(in_force).look(Vec::new()).certificates;
            looked
                .into_iter()
                .map(|one| (one.ends_at, one.waits))
                .collect::<Vec<_>>()
        };
        let [first, renewed] = [FIRST, RENEWED].map(machine::first_end);
        assert!(first.is_some() && renewed.is_some() && first != renewed);
        std::fs::write(&file, FIRST).unwrap();
        assert_eq!(told(Some(FIRST)), [(first, false); 2]);
        std::fs::write(&file, RENEWED).unwrap();
        // The line's is taken over while the node runs; who only looks at files knows of nothing else.
        assert_eq!(told(Some(FIRST)), [(first, true), (renewed, false)]);
        assert_eq!(told(Some(RENEWED)), [(renewed, false); 2]);
        assert_eq!(told(None), [(renewed, false); 2]);
        std::fs::remove_file(&file).unwrap();
        assert_eq!(told(Some(FIRST)), [(first, false), (None, false)]);
    }

    /// A line that took up the first one and authorities until later.
    #[derive(Debug)]
    struct First;

    impl LineInForce for First {
        fn shown(&self) -> Shown {
            Shown {
                certificate: Arc::from(FIRST),
                client_ca: Arc::from(RENEWED),
            }
        }
    }

    #[test]
    fn ln_42_files_of_the_line_that_were_not_taken_up_hide_no_end() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("line.pem");
        let resting = Resting {
            disks: Vec::new(),
            certificates: vec![(LINE, file.clone()), (LINE_CLIENT_CA, file.clone())],
            app_in_force: None,
            line_in_force: Some(Arc::new(First)),
            quotas: Vec::new(),
            backup: None,
        };
        let ends = [FIRST, RENEWED].map(machine::first_end).to_vec();
        for lies_there in [RENEWED, b"no certificate"] {
            std::fs::write(&file, lies_there).unwrap();
            let looked = resting.look(Vec::new()).certificates;
            assert!(looked.iter().all(|one| !one.waits), "{looked:?}");
            let told: Vec<_> = looked.into_iter().map(|one| one.ends_at).collect();
            assert_eq!(told, ends);
        }
    }

    #[test]
    fn a_certificate_that_cannot_be_read_is_told_as_over() {
        let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
        let resting = Resting {
            disks: Vec::new(),
            certificates: Vec::new(),
            app_in_force: None,
            line_in_force: None,
            quotas: Vec::new(),
            backup: None,
        };
        let now = Time::parse_rfc3339("2026-11-22T08:46:31Z").unwrap();
        let of = |pem: &[u8]| Certificate {
            name: LINE,
            ends_at: machine::first_end(pem),
            waits: false,
        };
        for (pem, days) in [(FIRST, "364"), (&b"lost"[..], "-1")] {
            metrics::with_local_recorder(&recorder, || {
                InForce::of(&resting).tell(&[of(pem)], now);
            });
            let told = recorder.handle().render();
            let line = format!("lifeline_certificate_days_left{{certificate=\"line\"}} {days}\n");
            assert!(told.contains(&line), "{told}");
        }
    }

    const MADE: &str = r#""made_at":"2026-11-21T02:00:00+08:00","bytes":1048576"#;

    #[test]
    fn ln_39_a_record_says_when_how_much_and_how_it_was_looked_at() {
        let plain = record(format!("{{{MADE}}}").as_bytes()).unwrap();
        assert_eq!((plain.bytes, plain.checked), (1_048_576, None));
        assert_eq!(plain.made_at.rfc3339(), "2026-11-21T02:00:00+08:00");
        let how = "h".repeat(HOW_CHARS_MAX);
        let checked = |how: &str| {
            let text = format!(
                "{{{MADE},\"checked_at\":\"2026-11-20T09:00:00+08:00\",\"checked_how\":\"{how}\"}}"
            );
            record(text.as_bytes())
        };
        assert_eq!(checked(&how).unwrap().checked.unwrap().1, how);
        assert_eq!(checked(&format!("{how}h")), None);
        for odd in [
            "{}".to_owned(),
            format!("{{{MADE},\"checked_at\":\"2026-11-20T09:00:00+08:00\"}}"),
            format!("{{{MADE},\"made_by\":\"x\"}}"),
            MADE.replace("2026", "x"),
        ] {
            assert_eq!(record(odd.as_bytes()), None, "{odd}");
        }
    }

    #[test]
    fn ln_39_a_backup_is_written_down_and_what_was_looked_at_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("backup.json");
        note_backup(&file, "2026-11-21T02:00:00+08:00", 7).unwrap();
        assert_eq!(
            record(&std::fs::read(&file).unwrap()).unwrap().checked,
            None
        );
        let checked = "\"checked_at\":\"2026-11-20T09:00:00+08:00\",\"checked_how\":\"put back\"";
        std::fs::write(&file, format!("{{{MADE},{checked}}}")).unwrap();
        note_backup(&file, "2026-11-22T02:00:00+08:00", 8).unwrap();
        let kept = record(&std::fs::read(&file).unwrap()).unwrap();
        assert_eq!(kept.made_at.rfc3339(), "2026-11-22T02:00:00+08:00");
        assert_eq!(
            (kept.bytes, kept.checked.unwrap().1),
            (8, "put back".to_owned())
        );
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        std::fs::write(&file, "a keyring, say").unwrap();
        assert!(note_backup(&file, "2026-11-23T02:00:00+08:00", 9).is_err());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "a keyring, say");
    }

    #[test]
    fn ln_39_a_record_that_is_not_there_or_too_long_is_said_to_be_unreadable() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("backup.json");
        assert_eq!(backup(&file), Backup::Unreadable);
        let text = format!("{{{MADE}}}");
        let long = usize::try_from(RECORD_BYTES_MAX).unwrap();
        std::fs::write(&file, format!("{text:long$}")).unwrap();
        assert!(matches!(backup(&file), Backup::Made(_)));
        std::fs::write(&file, format!("{text:longer$}", longer = long + 1)).unwrap();
        assert_eq!(backup(&file), Backup::Unreadable);
    }
}

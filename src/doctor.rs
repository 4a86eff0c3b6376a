//! `lifeline doctor`: asks every dependency and says what to do.

mod clock;
mod dumps;
mod marketing;
mod outside;

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use lifeline_adapters::redis::Redis;
use lifeline_adapters::sql::Keeping;
use lifeline_core::shared::ids::Entropy;
use lifeline_core::shared::time::{Clock, Time};
use lifeline_core::store::StoreError;
use lifeline_gateway::listeners::resources::Certificate;
use secrecy::ExposeSecret as _;
use serde::Serialize;

use crate::cli;
use crate::config::Standby;
use crate::failure::Failure;
use crate::outside::Outside;
use crate::resources::{ALIPAY_APP, Resting};
use crate::serve::Kind;
use crate::system::{OsEntropy, SystemClock};
use crate::tls::Certificates;
use crate::volume::{Kernel, Volume};
use crate::{config, seen, store, vault};

/// One line of the table.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    ok: bool,
    state: String,
    what_to_do: String,
}

const ASK_TIME_MAX: Duration = Duration::from_secs(5);
/// Later than the store itself gives up: what it says of it is worth more.
const COMMIT_TIME_MAX: Duration = Duration::from_secs(10);

/// Runs every check, prints the table, fails when one check did.
pub(crate) async fn run(args: &cli::Doctor) -> Result<(), Failure> {
    let config = config::read(&args.config).map_err(|faults| Failure::faults(&faults))?;
    let home = marketing::home(args.home.as_deref())?;
    let mut findings = Vec::new();
    let faults = config.faults_for_production();
    let whole = faults.is_empty();
    findings.push(finding("configuration", whole, || {
        let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
        (lines.join("; "), "mend the named keys".to_owned())
    }));
    findings.extend(store_findings(&config).await);
    findings.push(keys_finding(&config));
    findings.push(vault_finding(&config));
    findings.push(tls_finding(&config));
    findings.extend(redis_finding(&config).await);
    findings.extend(outside::findings(&config).await);
    if whole {
        findings.extend(marketing::findings(&config).await);
        if args.marketing {
            findings.extend(marketing::tried(&config, home.as_ref()).await);
        }
    }
    findings.extend(resting_findings(&config)?);
    findings.push(logs_finding(&config.logs));
    findings.push(dumps::finding_here());
    report(&findings, args.json)?;
    if findings.iter().all(|finding| finding.ok) {
        Ok(())
    } else {
        Err(Failure::failed(
            "not everything is well; see the table above",
        ))
    }
}

fn finding(check: &'static str, ok: bool, wrong: impl FnOnce() -> (String, String)) -> Finding {
    let (state, what_to_do) = if ok {
        ("ok".to_owned(), String::new())
    } else {
        wrong()
    };
    Finding {
        check,
        ok,
        state,
        what_to_do,
    }
}

/// A failure in the two last columns.
fn columns(failure: &Failure, otherwise: &str) -> (String, String) {
    let (what, advice) = failure.told();
    (what.to_owned(), advice.unwrap_or(otherwise).to_owned())
}

/// Whether the store opens, and, of a server, who keeps what it commits.
async fn store_findings(config: &config::Config) -> Vec<Finding> {
    let opened = tokio::time::timeout(ASK_TIME_MAX, store::open(&config.store, Kind::Live)).await;
    let opened = opened.unwrap_or_else(|_| Err(Failure::failed("no answer within 5 s")));
    let engine = match opened {
        Ok(engine) => engine,
        Err(failure) => {
            let what = "check store.url and store.keyring";
            return vec![finding("store", false, || columns(&failure, what))];
        }
    };
    let tried = tokio::time::timeout(COMMIT_TIME_MAX, engine.try_commit()).await;
    let mut findings = vec![
        finding("store", true, <(String, String)>::default),
        commits(tried.ok()),
    ];
    if let Err(failure) = seen::compared(&config.store, &engine).await {
        let what = "see docs/operations/restore.md";
        findings.push(finding("age of the store", false, || {
            columns(&failure, what)
        }));
    }
    findings.extend(clock::compared(&engine).await);
    let asked = tokio::time::timeout(ASK_TIME_MAX, engine.keeping()).await;
    match asked {
        Ok(Ok(None)) => {}
        Ok(Ok(Some(keeping))) => findings.push(standby(config.store.standby, Some(keeping))),
        Ok(Err(_)) | Err(_) => findings.push(standby(config.store.standby, None)),
    }
    findings
}

/// Whether the store keeps a write, by one that changes nothing; none when it did not come through in time.
fn commits(tried: Option<Result<(), StoreError>>) -> Finding {
    finding(
        "commits of the store",
        matches!(tried, Some(Ok(()))),
        || {
            let state = match &tried {
                Some(Err(error)) => format!("a write was not kept: {}", store::chain(error)),
                Some(Ok(())) | None => "a write was not kept within 10 s".to_owned(),
            };
            let what = "is the standby that commits wait for gone (docs/operations/cluster.md), the disk full, or something holding the tables?";
            (state, what.to_owned())
        },
    )
}

/// Whether committed money outlives the server's machine (money.md 2.9). Without a standby that is a choice somebody
/// made and said; that a commit waits for no disk at all never is.
fn standby(wanted: Standby, said: Option<Keeping>) -> Finding {
    let lone = matches!(said, Some(Keeping::Alone | Keeping::Unawaited));
    let chosen = lone && wanted == Standby::None;
    let mut found = finding(
        "standby of the store",
        chosen || said == Some(Keeping::Standby),
        || match said {
            None => {
                let what = "check that the database answers from here".to_owned();
                ("no answer".to_owned(), what)
            }
            Some(Keeping::Nothing) => {
                let what =
                    "set synchronous_commit = on for the server, this database and this role";
                (
                    "synchronous_commit is off: what was paid can be lost".to_owned(),
                    what.to_owned(),
                )
            }
            Some(Keeping::Unawaited) => {
                let what =
                    "set synchronous_commit = on for the server, this database and this role";
                (
                    "synchronous_commit is local: commits do not wait for the standby".to_owned(),
                    what.to_owned(),
                )
            }
            Some(Keeping::Alone | Keeping::Standby) => {
                let what = "name one in synchronous_standby_names (docs/operations/cluster.md); one machine on purpose says store.standby = \"none\"";
                (
                    "no synchronous standby is named".to_owned(),
                    what.to_owned(),
                )
            }
        },
    );
    if chosen {
        found.state =
            "none by choice: a lost machine loses what it committed since its last backup"
                .to_owned();
    }
    found
}

fn keys_finding(config: &config::Config) -> Finding {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let built = Outside::build(config, Kind::Live, &clock, &entropy);
    finding("channel keys and addresses", built.is_ok(), || {
        let what = "check the files and secrets of [alipay], [marketing], [sms], [user_system], [generation] and [exchange]";
        let wrong = built.err();
        wrong
            .map(|failure| columns(&failure, what))
            .unwrap_or_default()
    })
}

fn vault_finding(config: &config::Config) -> Finding {
    let wrong = vault::try_out(&config.vault).err();
    finding("key vault", wrong.is_none(), || {
        let what = "check [vault]; with the software vault there is nothing to check";
        wrong
            .map(|failure| columns(&failure, what))
            .unwrap_or_default()
    })
}

fn tls_finding(config: &config::Config) -> Finding {
    let built = config.listeners.line.tls.as_ref();
    let built = built.map(|files| Certificates::read(files).and_then(|held| held.server()));
    let ok = matches!(built, Some(Ok(_)));
    finding("line certificate", ok, || {
        let none = Failure::failed("no certificate is configured");
        let wrong = built.and_then(Result::err).unwrap_or(none);
        columns(&wrong, "check [listeners.line.tls]")
    })
}

async fn redis_finding(config: &config::Config) -> Option<Finding> {
    let url = config.redis.url.as_ref()?;
    let answers = Redis::answers(url.expose_secret()).await;
    Some(finding("redis", answers, || {
        let what = "check redis.url; without Redis limits are per node".to_owned();
        ("no answer".to_owned(), what)
    }))
}

/// Disks, certificates and the last backup of this machine.
fn resting_findings(config: &config::Config) -> Result<Vec<Finding>, Failure> {
    let now = SystemClock::default().now();
    let resources = Resting::of(config)?.look(Vec::new());
    let mut findings: Vec<Finding> = resources
        .disks
        .iter()
        .map(|disk| {
            finding("disk", disk.is_enough(), || {
                let percent = disk.free_percent();
                let free = percent.map_or("cannot be asked".to_owned(), |p| format!("{p} % free"));
                let what = "make room: a tenth of the disk and 2 GiB are needed".to_owned();
                (format!("{}: {free}", disk.name), what)
            })
        })
        .collect();
    let certificates = resources.certificates.iter();
    findings.extend(certificates.map(|certificate| certificate_finding(certificate, now)));
    let stands = resources.backup.stands(now);
    findings.push(finding("backup", stands == "well", || {
        (
            backup_says(stands).to_owned(),
            backup_advice(stands).to_owned(),
        )
    }));
    Ok(findings)
}

/// Of the file. What a running node read at its start only that node knows.
fn certificate_finding(certificate: &Certificate, now: Time) -> Finding {
    let is_read_once = certificate.name == ALIPAY_APP;
    let mut found = finding("certificate", certificate.is_enough(now), || {
        let left = certificate.days_left(now);
        let left = left.map_or("cannot be read".to_owned(), |days| {
            format!("{days} days left")
        });
        let what = if is_read_once {
            "renew it, then restart each node: it is read at the start only"
        } else {
            "renew it; new files are taken over without a restart"
        };
        (format!("{}: {left}", certificate.name), what.to_owned())
    });
    if found.ok && is_read_once {
        found.state = format!(
            "{}: the file is good; a node that runs has what it read at its start (/console/system of each)",
            certificate.name
        );
    }
    found
}

fn backup_says(stands: &str) -> &'static str {
    match stands {
        "old" => "the last one is older than 26 hours",
        "unchecked" => "none was put back and looked at within 31 days",
        "unreadable" => "its record is not there or cannot be read",
        _ => "no record of backups is configured",
    }
}

fn backup_advice(stands: &str) -> &'static str {
    match stands {
        "old" => "run `lifeline backup`, and see why its timer did not",
        "unchecked" => {
            "put one back on a spare machine, then say so in the record (docs/operations/backup.md)"
        }
        "unreadable" => {
            "run `lifeline backup`, which writes it; what is there and no record it leaves alone"
        }
        _ => "name a file in backup.record; `lifeline backup` writes it",
    }
}

/// What the program says is kept by the machine: on a volume that is nothing to who takes the disk (EC-28).
fn logs_finding(logs: &config::Logs) -> Finding {
    let volume = Kernel::running().volume(&logs.folder);
    let ok = logs.encrypted_elsewhere || volume == Volume::Encrypted;
    finding("volume of the logs", ok, || {
        let state = match volume {
            Volume::Encrypted => "encrypted",
            Volume::Clear => "not encrypted by this machine",
            Volume::Unknown => "cannot be asked",
        };
        let state = format!("{}: {state}", logs.folder.display());
        let what = "put it on an encrypted volume, or say logs.encrypted_elsewhere".to_owned();
        (state, what)
    })
}

fn report(findings: &[Finding], json: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let text = if json {
        serde_json::to_string_pretty(findings).unwrap_or_default() + "\n"
    } else {
        let line = |f: &Finding| {
            let sign = if f.ok { "ok   " } else { "WRONG" };
            format!("{sign}  {:<28} {}  {}\n", f.check, f.state, f.what_to_do)
        };
        findings.iter().map(line).collect()
    };
    out.write_all(text.as_bytes())
        .map_err(|error| Failure::failed(format!("standard output: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_fills_one_line_and_its_own_advice_comes_first() {
        let plain = columns(&Failure::failed("no answer"), "check it");
        assert_eq!(plain, ("no answer".to_owned(), "check it".to_owned()));
        let (said, what) = columns(&Failure::failed("too old").advice("migrate"), "check it");
        assert_eq!((said.as_str(), what.as_str()), ("too old", "migrate"));
    }

    #[test]
    fn a_renewed_certificate_is_taken_up_as_its_kind_is() {
        let now = Time::from_micros(1_795_000_000_000_000);
        let found = |name, days: i64| {
            let certificate = Certificate {
                name,
                ends_at: Some(now.plus_seconds(days * 86_400)),
                waits: false,
            };
            certificate_finding(&certificate, now)
        };
        for name in ["line", "line_client_ca"] {
            let over = found(name, 3);
            assert!(!over.ok && over.what_to_do.contains("without a restart"));
            assert_eq!(found(name, 90).state, "ok");
        }
        let over = found(ALIPAY_APP, 3);
        assert!(!over.ok && over.what_to_do.contains("restart each node"));
        let good = found(ALIPAY_APP, 90);
        assert!(good.ok && good.state.contains("what it read at its start"));
    }

    #[test]
    fn each_way_a_backup_is_amiss_has_words_of_its_own() {
        let amiss = ["unknown", "unreadable", "old", "unchecked"];
        for said in [amiss.map(backup_says), amiss.map(backup_advice)] {
            let distinct: std::collections::HashSet<_> = said.iter().collect();
            assert_eq!(distinct.len(), amiss.len(), "{said:?}");
        }
    }

    #[test]
    fn a_store_that_answers_and_keeps_nothing_is_a_finding() {
        assert!(commits(Some(Ok(()))).ok);
        let late = commits(None);
        assert!(!late.ok && late.state.contains("within 10 s"), "{late:?}");
        let full = StoreError::Unavailable("the disk is full".into());
        let refused = commits(Some(Err(full)));
        assert!(!refused.ok && refused.state.contains("the disk is full"));
        assert!(refused.what_to_do.contains("standby"));
    }

    #[test]
    fn money_on_one_machine_is_a_finding_unless_somebody_chose_it() {
        use Keeping::{Alone, Nothing, Unawaited};
        for (wanted, said, ok) in [
            (Standby::Synchronous, Some(Keeping::Standby), true),
            (Standby::Synchronous, Some(Alone), false),
            (Standby::Synchronous, Some(Unawaited), false),
            (Standby::Synchronous, Some(Nothing), false),
            (Standby::Synchronous, None, false),
            (Standby::None, Some(Keeping::Standby), true),
            (Standby::None, Some(Alone), true),
            (Standby::None, Some(Unawaited), true),
            (Standby::None, Some(Nothing), false),
            (Standby::None, None, false),
        ] {
            let found = standby(wanted, said);
            assert_eq!(found.ok, ok, "{wanted:?} {said:?}");
            assert_eq!(found.what_to_do.is_empty(), ok, "{wanted:?} {said:?}");
        }
        let alone = standby(Standby::Synchronous, Some(Alone));
        assert!(alone.what_to_do.contains("store.standby = \"none\""));
        assert!(
            standby(Standby::None, Some(Alone))
                .state
                .starts_with("none by choice")
        );
    }
}

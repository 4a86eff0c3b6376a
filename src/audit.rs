//! `lifeline audit`: the chain of the audit recomputed, as the timed task `audit.verify` does every day (domain.md C7).

use lifeline_core::audit::chain::{Broken, Chain, Whole};
use serde_json::json;

use crate::cli::Audit;
use crate::failure::Failure;
use crate::{print, recover};

pub(crate) async fn run(args: &Audit) -> Result<(), Failure> {
    let room = recover::open(&args.records).await?;
    let chain = Chain::new(room.store, room.clock, room.entropy);
    let walked = chain.recompute().await.map_err(|error| {
        Failure::failed(format!("the audit could not be read to its end: {error}"))
            .advice("see `lifeline doctor`")
    })?;
    print(&told(&walked, args.json))?;
    walked.map(drop).map_err(|broken| {
        Failure::failed(broken.to_string()).advice(
            "keep the store as it is, and tell whoever is responsible for security (docs/operations/watching.md)",
        )
    })
}

/// What stands on standard output; of a broken chain a script reads where.
fn told(walked: &Result<Whole, Broken>, as_json: bool) -> String {
    match walked {
        Ok(Whole { links, head }) if as_json => {
            format!("{}\n", json!({"whole": true, "lines": links, "head": head}))
        }
        Ok(Whole { links, head }) => format!("the audit is whole: {links} lines, head {head}\n"),
        Err(Broken { place, fault }) if as_json => {
            let broken = json!({"place": place, "fault": fault.to_string()});
            format!("{}\n", json!({"whole": false, "broken": broken}))
        }
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use lifeline_core::audit::chain::Fault;
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_whole_audit_says_its_head_and_a_broken_one_where() {
        let whole = Ok(Whole {
            links: 7,
            head: "ab12".to_owned(),
        });
        assert_eq!(
            told(&whole, false),
            "the audit is whole: 7 lines, head ab12\n"
        );
        let read = |walked: &Result<Whole, Broken>| -> Value {
            serde_json::from_str(&told(walked, true)).unwrap()
        };
        let expected = json!({"whole": true, "lines": 7, "head": "ab12"});
        assert_eq!(read(&whole), expected);
        let broken = Err(Broken {
            place: 3,
            fault: Fault::LineChanged,
        });
        // For people the failure itself says it, on standard error.
        assert_eq!(told(&broken, false), "");
        let at = json!({"place": 3, "fault": "a line is not the one that was linked"});
        assert_eq!(read(&broken), json!({"whole": false, "broken": at}));
    }
}

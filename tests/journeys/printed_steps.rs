//! What the demo prints for newcomers works as it stands: every line, in a plain shell.

use std::process::Command;
use std::time::Duration;

use libtest_mimic::Failed;
use lifeline_tests::{Demo, Engine, Looks, Phone};

use crate::fixtures::BOTH;
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![(
        "the_printed_steps_lead_to_a_credited_payment",
        BOTH,
        printed_steps,
    )]
}

/// The shell lines between the block's heading and its end.
fn script(printed: &str) -> String {
    let block = printed
        .split("The same by hand")
        .nth(1)
        .expect("the block is printed");
    let shell = |line: &&str| line.starts_with("  ") && !line.contains("`lifeline journey");
    block
        .lines()
        .skip(1)
        .filter(shell)
        .map(str::trim_start)
        .collect::<Vec<_>>()
        .join("\n")
}

fn printed_steps(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let demo = Demo::start(engine).await;
        let steps = script(&demo.log());
        let said = Command::new("sh")
            .arg("-euc")
            .arg(&steps)
            .output()
            .expect("a shell");
        let errors = String::from_utf8_lossy(&said.stderr);
        assert!(said.status.success(), "{errors}");
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        assert!(
            !said.contains("urn:lifeline:problem"),
            "a step was refused: {said}"
        );
        let phone = Phone::sign_in(&demo, "li-ming").await;
        let homes = phone.get("/v1/bindings").await.json();
        let home = homes["items"][0]["binding_id"]
            .as_str()
            .expect("a linked home")
            .to_owned();
        let mut looks = Looks::every(Duration::from_millis(100));
        while looks.again().await {
            let paid = phone
                .get(&format!("/v1/bindings/{home}/payments"))
                .await
                .json();
            if paid["items"][0]["state"] == "POSTED" {
                return;
            }
        }
        panic!("the payment of the printed steps was never credited");
    })
}

//! A node does what its roles say: without the line nobody is let in there, and every node is ready and ends orderly.

use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use libtest_mimic::Failed;
use lifeline_tests::demo::binary;
use lifeline_tests::{Engine, Looks};
use reqwest::StatusCode;

use crate::fixtures::BOTH;
use crate::production::{certificates, configuration, lifeline, terminate, text};
use crate::{Body, run};

pub(crate) fn tests() -> Vec<(&'static str, &'static [Engine], Body)> {
    vec![(
        "a_node_opens_the_listeners_of_its_roles_and_refuses_a_role_that_there_is_not",
        BOTH,
        roles,
    )]
}

fn serve(config: &Path, roles: &str) -> Command {
    let mut served = Command::new(binary());
    served
        .arg("serve")
        .arg("--config")
        .arg(config)
        .args(["--roles", roles]);
    served
}

/// Whether the line listens while a node of these roles is ready.
async fn opens_the_line(config: &Path, roles: &str, [line, ops]: [u16; 2]) -> bool {
    let mut served = serve(config, roles);
    served.stdin(Stdio::null()).stderr(Stdio::null());
    let mut served = served.spawn().expect("lifeline serve");
    let ready = format!("http://127.0.0.1:{ops}/readyz");
    let mut looks = Looks::every(Duration::from_millis(20));
    while !reqwest::get(&ready)
        .await
        .is_ok_and(|answer| answer.status() == StatusCode::OK)
    {
        assert!(looks.again().await, "{roles}: serve did not become ready");
    }
    let open = TcpStream::connect(("127.0.0.1", line)).is_ok();
    terminate(served.id());
    let ended = served.wait().expect("the process");
    assert!(ended.success(), "{roles}: serve ended with {ended}");
    open
}

fn refused(config: &Path, roles: &str) -> Output {
    serve(config, roles).output().expect("lifeline serve")
}

fn roles(engine: Engine) -> Result<(), Failed> {
    run(async move {
        let dir = tempfile::tempdir().expect("a folder");
        certificates(dir.path());
        let (config, line, ops) = configuration(dir.path(), engine).await;
        let migrated = lifeline("migrate", &config);
        assert!(migrated.status.success(), "{}", text(&migrated));
        let ports = [line, ops];
        assert!(!opens_the_line(&config, "jobs", ports).await);
        assert!(opens_the_line(&config, "gateway", ports).await);
        for wrong in ["", "worker", "gateway,"] {
            let said = refused(&config, wrong);
            assert_eq!(said.status.code(), Some(2), "{}", text(&said));
            assert!(text(&said).contains("gateway, console and jobs"));
        }
        // There is no console in this configuration.
        let said = refused(&config, "console");
        assert_eq!(said.status.code(), Some(1), "{}", text(&said));
        assert!(text(&said).contains("node.roles"), "{}", text(&said));
    })
}

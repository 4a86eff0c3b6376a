//! What a demo tells the world once it runs: the ready file for scripts, a short block for people.

use std::io::IsTerminal as _;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Ports;
use super::neighbour::Sandbox;
use crate::failure::Failure;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Pids {
    gateway: u32,
    sandbox: Option<u32>,
}

/// The ready file (api.md, Commands).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Ready {
    pub(super) line: String,
    console: String,
    ops: String,
    pub(super) sandbox: String,
    callback: String,
    pid: u32,
    pids: Pids,
    database: String,
    pub(super) staff: Vec<serde_json::Value>,
}

/// One of the staff, as people read it: the code comes from any authenticator app.
fn told(staff: &serde_json::Value) -> String {
    let text = |key: &str| staff[key].as_str().unwrap_or_default().to_owned();
    let (login, password, secret) = (text("login"), text("password"), text("totp_secret"));
    format!("{login:<10} {password}  codes: {secret}")
}

/// Reads the ready file of a running demo.
pub(super) fn read(file: &Path) -> Result<Ready, Failure> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::usage(format!("cannot read {}: {error}", file.display())))?;
    serde_json::from_str(&text)
        .map_err(|_| Failure::usage(format!("{} is not a ready file", file.display())))
}

impl Ready {
    pub(super) fn new(
        ports: Ports,
        sandbox_base: &str,
        sandbox: Option<&Sandbox>,
        database: &str,
        staff: Vec<serde_json::Value>,
    ) -> Self {
        let pid = std::process::id();
        Self {
            line: format!("http://{}", ports.line()),
            console: format!("http://{}", ports.console()),
            ops: format!("http://{}", ports.ops()),
            sandbox: sandbox_base.to_owned(),
            callback: format!("http://{}", ports.callback()),
            pid,
            pids: Pids {
                gateway: pid,
                sandbox: sandbox.map(Sandbox::pid),
            },
            database: database.to_owned(),
            staff,
        }
    }

    /// Writes the file whole: a reader never sees half of it.
    pub(super) fn write(&self, file: &Path) -> Result<(), Failure> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|_| Failure::failed("the ready file could not be written"))?;
        let part = file.with_extension("part");
        std::fs::write(&part, text)
            .and_then(|()| std::fs::rename(&part, file))
            .map_err(|error| Failure::failed(format!("cannot write {}: {error}", file.display())))
    }

    /// The block people read: addresses, people, what to try, a curl line for each step.
    pub(super) fn announce(&self, full: bool) {
        let colour = std::io::stdout().is_terminal();
        let strong = |text: &str| {
            if colour {
                format!("\x1b[1;36m{text}\x1b[0m")
            } else {
                text.to_owned()
            }
        };
        let Self {
            line,
            ops,
            sandbox,
            callback,
            console,
            database,
            staff,
            ..
        } = self;
        let people: Vec<String> = staff.iter().map(told).collect();
        let people = people.join("\n          ");
        let engine = if full {
            "PostgreSQL"
        } else {
            database.as_str()
        };
        let text = format!(
            r#"
{title}  (records in {engine})

  {open_page}      the household's pages
  {sandbox:<28} the sandbox: Alipay, the utility's marketing system, SMS
  {console:<28} the staff's console
  {ops:<28} health, readiness, metrics
  {callback:<28} where Alipay sends its notices

People    Li Ming owes one bill · Wang Fang has two homes · a tenant, a solar owner and others: {sandbox}/

Staff     {people}

Try this  1. Open {page}, tap "Sign in with Alipay", choose Li Ming, allow.
          2. Confirm the home, open the bill, pay in the cashier, watch it become POSTED.
          3. Make the world misbehave, then pay again:
             curl -sX POST {sandbox}/sim/faults -H 'content-type: application/json' -d '{{"target":"alipay","kind":"NOTICE_LOST","count":1,"seed":1}}'

The same by hand, step by step (a POSIX shell, curl and sed):
  J='content-type: application/json'
  take() {{ sed "s/.*\"$1\":\"\([^\"]*\)\".*/\1/"; }}
  CODE=$(curl -s {sandbox}/sim/alipay/authorize -H "$J" -d '{{"person":"li-ming"}}' | take auth_code)
  TOKEN=$(curl -s {line}/v1/sessions -H "$J" -d "{{\"grant\":\"alipay\",\"auth_code\":\"$CODE\"}}" | take access_token)
  A="authorization: Bearer $TOKEN"
  WORDS=$(curl -s {line}/v1/me/consents -H "$A" | take version)
  curl -s {line}/v1/me/consents -H "$A" -H "$J" -d "{{\"purpose\":\"identity_match\",\"version\":\"$WORDS\"}}"
  MATCH=$(curl -s {line}/v1/binding-matches -H "$A" -H "$J" -d '{{}}' | take match_token)
  HOME_ID=$(curl -s {line}/v1/bindings -H "$A" -H "$J" -d "{{\"match_tokens\":[\"$MATCH\"]}}" | take binding_id)
  curl -s {line}/v1/bindings/$HOME_ID/arrears -H "$A"
  TOPUP="{{\"binding_id\":\"$HOME_ID\",\"purpose\":\"top_up\",\"amount_fen\":1000}}"
  TRADE=$(curl -s {line}/v1/payments -H "$A" -H "$J" -H 'idempotency-key: my-first-payment' -d "$TOPUP" | take trade_no)
  curl -s {sandbox}/sim/alipay/pay -H "$J" -d "{{\"trade_no\":\"$TRADE\",\"outcome\":\"paid\"}}"
  curl -s {line}/v1/bindings/$HOME_ID/payments -H "$A"
  `lifeline journey --ready-file FILE` plays all of it and checks every figure.

Stop with Ctrl-C.
"#,
            title = strong("Lifeline is running."),
            open_page = strong(&format!("{line}/")),
            page = strong(&format!("{line}/")),
        );
        #[expect(clippy::print_stdout, reason = "this is what the command prints")]
        {
            println!("{text}");
        }
    }
}

//! `lifeline staff`: the first administrator, and a way back in when everybody lost theirs.

use std::io::Write as _;
use std::sync::Arc;

use lifeline_core::operators::{
    By, Credentials, Login, OperatorError, Operators, PersonId, Role, Scope, TotpSecret,
};
use lifeline_core::shared::ids::Entropy;
use lifeline_core::shared::time::Clock;
use serde_json::json;

use crate::cli;
use crate::failure::Failure;
use crate::serve::Kind;
use crate::system::{OsEntropy, SystemClock};
use crate::{config, console, store};

pub(crate) async fn run(command: cli::Staff) -> Result<(), Failure> {
    match command {
        cli::Staff::Add(args) => {
            let login = login(&args.login)?;
            let role = Role::parse(&args.role).ok_or_else(|| {
                let known = Role::ALL.map(Role::as_str).join(", ");
                Failure::usage(format!("--role is one of {known}"))
            })?;
            let scope = Scope::parse(&args.regions)
                .map_err(|why| Failure::usage(format!("--regions: {why}")))?;
            let person = match &args.person {
                Some(number) => {
                    PersonId::parse(number).map_err(|why| Failure::usage(why.to_string()))?
                }
                None => PersonId::from(&login),
            };
            let operators = open(&args.of).await?;
            let by = By::CommandLine;
            let given = operators.add(&login, person, role, scope, by).await;
            say_given(&given.map_err(refused)?, args.json)
        }
        cli::Staff::Reset(args) => {
            let login = login(&args.login)?;
            let operators = open(&args.of).await?;
            let given = operators.reset(&login, By::CommandLine).await;
            say_given(&given.map_err(refused)?, args.json)
        }
        cli::Staff::List(args) => list(&open(&args.of).await?, args.json).await,
    }
}

fn login(text: &str) -> Result<Login, Failure> {
    Login::parse(text).map_err(|why| Failure::usage(why.to_string()))
}

async fn open(of: &cli::KeysOf) -> Result<Operators, Failure> {
    #[cfg(feature = "demo")]
    if let Some(data) = &of.data_dir {
        let place = crate::demo::store_of(data, of.database_url.clone());
        let engine = store::open(&place, Kind::Demo).await?;
        return over(&engine);
    }
    let file = of
        .config
        .as_deref()
        .ok_or_else(|| Failure::usage("name the configuration file with --config"))?;
    let config = config::read(file).map_err(|faults| Failure::faults(&faults))?;
    over(&store::open(&config.store, Kind::Live).await?)
}

fn over(engine: &Arc<lifeline_adapters::sql::Engine>) -> Result<Operators, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    console::operators(engine, &clock, &entropy)
}

fn refused(error: OperatorError) -> Failure {
    match error {
        OperatorError::Taken => Failure::failed("this login is taken").advice(
            "`lifeline staff list` shows who there is; `lifeline staff reset` makes new proofs",
        ),
        OperatorError::PersonTaken => Failure::failed("this person works here under another login")
            .advice("`lifeline staff list` shows who there is; one person has one login"),
        OperatorError::NoSuch => Failure::failed("nobody who works here has this login")
            .advice("`lifeline staff list` shows who there is"),
        error => {
            Failure::failed(format!("it was not done: {error}")).advice("see `lifeline doctor`")
        }
    }
}

fn say_given(given: &Credentials, as_json: bool) -> Result<(), Failure> {
    let login = given.login.as_str();
    if as_json {
        return say(&format!("{}\n", said_of(given)));
    }
    let totp = given.totp.as_ref();
    let (secret, uri) = totp
        .map(|totp| (totp.base32(), totp.uri(login)))
        .unwrap_or_default();
    say(&format!(
        "login     {login}\nrole      {}\npassword  {}\ncodes     {secret}\n          {uri}\n\
         Shown once: hand it over in person; `lifeline staff reset {login}` makes new ones.\n",
        given.role.as_str(),
        given.password.expose(),
    ))
}

/// As the ready file of a demo lists them (api.md).
pub(crate) fn said_of(given: &Credentials) -> serde_json::Value {
    json!({
        "login": given.login.as_str(),
        "password": given.password.expose(),
        "totp_secret": given.totp.as_ref().map(TotpSecret::base32),
        "role": given.role.as_str(),
    })
}

async fn list(operators: &Operators, as_json: bool) -> Result<(), Failure> {
    let everybody = operators.everybody().await.map_err(refused)?;
    let now = operators.now();
    let mut text = String::new();
    for staff in &everybody {
        let state = if staff.ended_at.is_some() {
            "ended"
        } else if !staff.is_confirmed() {
            "waits"
        } else if staff.is_locked(now) {
            "locked"
        } else {
            "works"
        };
        let (login, role) = (staff.login.as_str(), staff.role.as_str());
        let person = staff.person.as_str();
        let (scope, since) = (staff.scope.text(), staff.created_at.shanghai_date());
        if as_json {
            let line = json!({"login": login, "person": person, "role": role, "regions": scope, "state": state, "since": since});
            text.push_str(&format!("{line}\n"));
        } else {
            text.push_str(&format!(
                "{login:<32} {role:<18} {state:<7} {since}  {person:<12} {scope}\n"
            ));
        }
    }
    if everybody.is_empty() {
        text.push_str("nobody yet: `lifeline staff add LOGIN --role admin`\n");
    }
    say(&text)
}

fn say(text: &str) -> Result<(), Failure> {
    std::io::stdout()
        .write_all(text.as_bytes())
        .map_err(|error| Failure::failed(format!("cannot write: {error}")))
}

//! Signing in and linking while a call on the way fails: the household reads an honest refusal or notices nothing, a
//! refusal leaves nothing behind, and the same once more lets it in, once.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::client::{Answer, Client, list, text};
use super::faults::{Refusal, Scenario};
use super::household::{self, Person};
use super::report::Report;
use super::{Demo, Wrong, hold, verdict};

/// What a system behind Lifeline says of its insides.
const INSIDES: [&str; 4] = ["ORA-", "SELECT", "oracle", "sgcc"];

/// Signs in on another phone while the scenario's fault waits there.
pub(crate) async fn sign_in(
    demo: &Demo,
    scenario: &Scenario,
    refusal: Option<Refusal>,
    report: &mut Report,
) -> Result<(), Wrong> {
    let mut known = Client::new(demo)?;
    known.sandbox_delete("/sim/faults").await?;
    let person = household::choose(&known).await?;
    let account = let_in(&mut known, &person).await?;
    let before = devices(&known).await?;
    scenario.plan(&known).await?;
    let mut phone = Client::new(demo)?;
    let met = household::enter(&phone, &person).await?;
    let said = judged(&met, refusal, &person)?;
    report.step("met at the sign-in", &said);
    let wanted = usize::from(refusal.is_none());
    let more = newer(&known, &before).await?;
    hold!(more == wanted, "{more} sessions were made, not {wanted}");
    household::sign_in(&mut phone, &person).await?;
    let me = phone.get("/v1/me").await?;
    hold!(
        text(&me, "account_id")? == account,
        "the person has a second account"
    );
    let (wanted, more) = (wanted.saturating_add(1), newer(&known, &before).await?);
    hold!(more == wanted, "{more} sessions were made, not {wanted}");
    report.step("the next tap", "signed in, with the same account");
    let said = verdict::acted(&known, scenario).await?;
    report.step("the fault", &said);
    Ok(())
}

/// Is matched and links, while the scenario's fault waits there.
pub(crate) async fn link(
    demo: &Demo,
    scenario: &Scenario,
    (handle, refusal): (&str, Option<Refusal>),
    report: &mut Report,
) -> Result<(), Wrong> {
    let mut client = Client::new(demo)?;
    client.sandbox_delete("/sim/faults").await?;
    let person = household::find(&client, handle).await?;
    let_in(&mut client, &person).await?;
    household::agree(&client, "identity_match").await?;
    let before = homes(&client).await?;
    scenario.plan(&client).await?;
    let met = tapped(&client).await?;
    let said = judged(&met, refusal, &person)?;
    report.step("met while linking", &said);
    if refusal.is_some() {
        let unchanged = homes(&client).await? == before;
        hold!(unchanged, "a refusal changed what is linked");
    }
    let again = tapped(&client).await?;
    judged(&again, None, &person)?;
    let own = person.consumer_nos.iter();
    let mut wanted: Vec<String> = own.map(|no| household::tail(no)).collect();
    wanted.sort();
    let linked = homes(&client).await?;
    hold!(
        linked == wanted,
        "{} links, not one to each of {} homes",
        linked.len(),
        wanted.len()
    );
    report.step("the next tap", "each home linked, once");
    let said = verdict::acted(&client, scenario).await?;
    report.step("the fault", &said);
    Ok(())
}

/// Signs in while nothing is wrong; the account's id.
async fn let_in(client: &mut Client, person: &Person) -> Result<String, Wrong> {
    let answer = household::enter(client, person).await?;
    judged(&answer, None, person)?;
    client.sign(text(&answer.body, "access_token")?.to_owned());
    text(&answer.body, "account_id").map(str::to_owned)
}

/// Taps the one button of the page of matched homes. The answer that ended it: a refused match has nothing to link.
async fn tapped(client: &Client) -> Result<Answer, Wrong> {
    let nothing = json!({});
    let matched = client
        .call(Method::POST, "/v1/binding-matches", Some(&nothing), None)
        .await?;
    if matched.status != StatusCode::OK {
        return Ok(matched);
    }
    let tokens: Vec<&str> = list(&matched.body, "candidates")?
        .iter()
        .map(|candidate| text(candidate, "match_token"))
        .collect::<Result<_, _>>()?;
    let confirm = json!({"match_tokens": tokens});
    client
        .call(Method::POST, "/v1/bindings", Some(&confirm), None)
        .await
}

/// The household is let in, or reads this refusal and nothing of what another system said to us.
fn judged(answer: &Answer, refusal: Option<Refusal>, person: &Person) -> Result<String, Wrong> {
    let code = answer.body.get("code").and_then(Value::as_str);
    let code = code.unwrap_or("no code");
    let (status, wanted) = refusal.unwrap_or((StatusCode::CREATED, "no code"));
    hold!(
        answer.status == status && code == wanted,
        "answered {} ({code}), not {status} ({wanted})",
        answer.status
    );
    if refusal.is_none() {
        return Ok("nothing was noticed".to_owned());
    }
    let told = |words: &str| answer.text.contains(words);
    let insides = INSIDES.into_iter().any(told);
    hold!(!insides, "the household reads the insides of a system");
    let numbers = person.consumer_nos.iter().any(|no| told(no));
    hold!(!numbers, "a refusal names a home");
    Ok(format!("refused with {code}, and with nobody else's words"))
}

/// The devices the person is signed in on: the newest, one page of them.
async fn devices(client: &Client) -> Result<Vec<String>, Wrong> {
    let sessions = client.get("/v1/sessions").await?;
    let ids = list(&sessions, "items")?.iter();
    ids.map(|one| text(one, "session_id").map(str::to_owned))
        .collect()
}

/// How many devices were signed in since.
async fn newer(client: &Client, before: &[String]) -> Result<usize, Wrong> {
    let mut there = devices(client).await?;
    there.retain(|id| !before.contains(id));
    Ok(there.len())
}

/// The homes that are linked, by their last digits, each as often as it is.
async fn homes(client: &Client) -> Result<Vec<String>, Wrong> {
    let bindings = client.get("/v1/bindings").await?;
    let mut tails: Vec<String> = list(&bindings, "items")?
        .iter()
        .map(|home| text(home, "consumer_no_masked").map(household::tail))
        .collect::<Result<_, _>>()?;
    tails.sort();
    Ok(tails)
}

//! Several homes of one person, and what became of each.

use lifeline_core::bindings::OwnedBinding;
use lifeline_core::payments::{Homes, Standing, Start, Wanted};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::personal::ConsumerNo;

use crate::outside::Credit;
use crate::story::{Ordered, Payer, Story, arrears};

pub(crate) const ONE: &str = "1500000001111";
pub(crate) const TWO: &str = "1500000002222";
pub(crate) const THREE: &str = "1500000003333";

/// A person who pays for several homes.
#[derive(Clone)]
pub(crate) struct Family {
    pub(crate) payer: Payer,
    pub(crate) homes: Vec<OwnedBinding>,
}

pub(crate) async fn family(s: &Story, name: &str, homes: &[&str]) -> Family {
    let payer = s.person_of(name, homes[0]).await;
    let mut owned = vec![payer.owned.clone()];
    for home in &homes[1..] {
        owned.push(s.link(payer.account(), home).await);
    }
    Family {
        payer,
        homes: owned,
    }
}

/// The families' homes owe 1111, 2222 and 3333 fen.
pub(crate) fn owing(s: &Story, version: &str) {
    for home in [ONE, TWO, THREE] {
        s.outside.owes(home, due_of(home), version);
    }
}

pub(crate) fn due_of(home: &str) -> i64 {
    home.chars().skip(9).collect::<String>().parse().unwrap()
}

pub(crate) fn wanted(family: &Family, version: &str) -> Vec<Wanted> {
    family
        .homes
        .iter()
        .map(|owned| Wanted {
            owned: owned.clone(),
            amount: Fen::new(due_of(owned.consumer_no().expose())),
            arrears_version: Some(version.to_owned()),
        })
        .collect()
}

pub(crate) fn request(s: &Story, family: &Family, key: &str, wanted: Vec<Wanted>) -> Start {
    let homes = Homes::several(wanted, 9).unwrap();
    let wish = arrears(key, homes.total().get(), "v1");
    Start {
        homes,
        ..s.request(&family.payer, &wish)
    }
}

pub(crate) async fn check_out(s: &Story, family: &Family, key: &str) -> Ordered {
    let request = request(s, family, key, wanted(family, "v1"));
    let answer = s.app.start(&request).await.unwrap();
    assert_eq!(answer.status, 201, "{}", answer.body);
    Ordered::read(&answer.body)
}

pub(crate) async fn standings(s: &Story, order: &Ordered) -> Vec<Standing> {
    let views = s.look(&order.id).await.home_views();
    views.iter().map(|home| home.standing).collect()
}

/// What marketing credited to a home, whatever the number.
pub(crate) fn credited(s: &Story, home: &str) -> Vec<i64> {
    let home = ConsumerNo::parse(home).unwrap();
    s.outside.with(|world| {
        let lines = world.credits.values().filter_map(|credit| match credit {
            Credit::Posted(line) if line.consumer_no == home => Some(line.amount.get()),
            _ => None,
        });
        lines.collect()
    })
}

pub(crate) async fn no_claim_is_left(s: &Story) {
    assert_eq!(s.count("SELECT COUNT(*) FROM open_claim").await, 0);
}

//! Outages as the utility announces them, one in the supply office of each home and each a canary of it.

use lifeline_core::accounts::Actor;
use lifeline_core::publications::content::Content;
use lifeline_core::publications::desk::Hand;
use lifeline_core::publications::kind::{Facts, Kind, Outage, OutageKind};
use lifeline_core::publications::loading::Piece;
use lifeline_core::shared::time::{Clock as _, Time};

use crate::canary::{HOMES, office_of, outage_of};
use crate::line::House;

/// Longer than any walk.
const LASTS_H: i64 = 100_000;

impl House {
    /// Publishes what is not published yet.
    pub(crate) async fn announce(&self) {
        let (writer, reviewer) = (hand("writer"), hand("reviewer"));
        let now = self.clock.now();
        for home in 0..HOMES {
            let piece = outage(home);
            let loaded = self.publications.load(&writer, &reviewer, &piece, now);
            loaded.await.expect("an outage is announced");
        }
    }
}

fn outage(home: usize) -> Piece {
    let facts = Facts::Outage(Outage {
        kind: OutageKind::Planned,
        area: outage_of(home),
        lines: Vec::new(),
        org_nos: vec![office_of(home)],
        begins_at: Time::from_micros(0),
        ends_at: Time::from_micros(0),
        cause: "检修".to_owned(),
        over: false,
    });
    Piece {
        slug: format!("outage-{home}"),
        kind: Kind::Outage,
        region: String::new(),
        age_days: 0,
        begins_in_h: 0,
        lasts_h: LASTS_H,
        content: Content {
            title: "停电公告".to_owned(),
            summary: String::new(),
            blocks: Vec::new(),
            facts,
        },
    }
}

fn hand(staff: &str) -> Hand {
    Hand {
        staff: staff.to_owned(),
        before: Vec::new(),
        actor: Actor {
            name: format!("job:{staff}"),
            source: String::new(),
            trace_id: String::new(),
        },
        scope: vec![String::new()],
    }
}

//! Who may see what, by the rules of the money page (3.2, 3.4), written without a look at the
//! program: what a walk expects of each answer.

use std::collections::{BTreeMap, BTreeSet};

use lifeline_core::shared::time::{Day, Time};

use crate::canary::{Canary, HOMES, who};

/// A look at the holder is not repeated within this.
const LOOK_FRESH_S: i64 = 600;
const LOOK_AT_LEAST_S: i64 = 86_400;
const DIGITS_PER_DAY: u32 = 5;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    Payer,
    Authorised,
    Holder,
}

impl Role {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Payer => "payer_only",
            Self::Authorised => "authorised",
            Self::Holder => "holder",
        }
    }
}

/// How Lifeline has to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Done,
    NotFound,
    RoleNotEnough,
    CannotConfirm,
    TooManyGrants,
    ProofLocked,
    StepUpRequired,
}

impl Answer {
    /// The problem code; none when it is done.
    pub(crate) fn code(self) -> Option<&'static str> {
        match self {
            Self::Done => None,
            Self::NotFound => Some("NOT_FOUND"),
            Self::RoleNotEnough => Some("ROLE_NOT_ENOUGH"),
            Self::CannotConfirm => Some("CANNOT_CONFIRM"),
            Self::StepUpRequired => Some("STEP_UP_REQUIRED"),
            Self::TooManyGrants => Some("TOO_MANY_GRANTS"),
            Self::ProofLocked => Some("PROOF_LOCKED"),
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Home {
    pub(crate) holder: usize,
    pub(crate) version: i64,
    pub(crate) since: Day,
    /// The version Lifeline has seen, and when it looked.
    pub(crate) known: Option<i64>,
    pub(crate) looked_at: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) id: String,
    pub(crate) person: usize,
    pub(crate) home: usize,
    /// What the person showed, if anything.
    pub(crate) shown: Option<Role>,
    pub(crate) pinned: i64,
    pub(crate) grant: Option<usize>,
    /// The holder named when the link was made or refreshed.
    pub(crate) board: usize,
    pub(crate) ended: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Open,
    Accepted,
    Ended,
}

#[derive(Debug, Clone)]
pub(crate) struct Grant {
    pub(crate) id: String,
    pub(crate) token: String,
    pub(crate) by: usize,
    pub(crate) home: usize,
    pub(crate) scope: Role,
    pub(crate) version: i64,
    pub(crate) open_until: i64,
    pub(crate) ends_at: i64,
    pub(crate) state: State,
    pub(crate) accepted_by: Option<usize>,
}

#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) now: i64,
    pub(crate) homes: Vec<Home>,
    pub(crate) links: Vec<Link>,
    pub(crate) grants: Vec<Grant>,
    pub(crate) barred: BTreeSet<(usize, usize, i64)>,
    digits: BTreeMap<(usize, Day), u32>,
    /// People a person was told of by name: those who accepted their invitations.
    pub(crate) told_of: BTreeSet<(usize, usize)>,
    /// Homes a person was ever linked to.
    pub(crate) knew: BTreeSet<(usize, usize)>,
    /// Holders whose name was ever on a home that a person was linked to.
    pub(crate) named: BTreeSet<(usize, usize)>,
}

impl Model {
    pub(crate) fn new(now: i64) -> Self {
        let since = Day::parse("2019-06-01").expect("a day");
        let homes = (0..HOMES).map(|holder| Home {
            holder,
            version: 1,
            since,
            known: None,
            looked_at: 0,
        });
        Self {
            now,
            homes: homes.collect(),
            links: Vec::new(),
            grants: Vec::new(),
            barred: BTreeSet::new(),
            digits: BTreeMap::new(),
            told_of: BTreeSet::new(),
            knew: BTreeSet::new(),
            named: BTreeSet::new(),
        }
    }

    pub(crate) fn today(&self) -> Day {
        Day::of(Time::from_micros(self.now * 1_000_000))
    }

    pub(crate) fn is_outdated(&self, link: &Link) -> bool {
        self.homes[link.home]
            .known
            .is_some_and(|known| known > link.pinned)
    }

    /// The role that counts now; none when there is no such link for anybody.
    pub(crate) fn role(&self, link: usize) -> Option<Role> {
        let link = &self.links[link];
        if link.ended {
            return None;
        }
        let outdated = self.is_outdated(link);
        let shown = link
            .shown
            .map(|role| if outdated { Role::Payer } else { role });
        let granted = link.grant.and_then(|grant| {
            let grant = &self.grants[grant];
            let known = self.homes[link.home].known.unwrap_or_default();
            let stands = grant.state == State::Accepted && grant.version >= known;
            let role = if stands { grant.scope } else { Role::Payer };
            (self.now < grant.ends_at).then_some(role)
        });
        shown.max(granted)
    }

    /// The person's own link, whatever it opens; none for another's.
    pub(crate) fn own(&self, person: usize, link: usize) -> Option<Role> {
        let own = self.links[link].person == person;
        self.role(link).filter(|_| own)
    }

    pub(crate) fn live(&self, person: usize, home: usize) -> Option<usize> {
        let live = |link: &Link| !link.ended && link.person == person && link.home == home;
        self.links.iter().position(live)
    }

    /// Lifeline learns who the holder is now: all that hung on a former one falls.
    fn see(&mut self, home: usize) {
        let truth = self.homes[home].version;
        self.homes[home].looked_at = self.now;
        let before = self.homes[home].known.replace(truth);
        if before.is_some_and(|before| before >= truth) {
            return;
        }
        for link in self.links.iter_mut().filter(|link| link.home == home) {
            if link.pinned < truth {
                link.shown = link.shown.map(|_| Role::Payer);
            }
        }
        for grant in self.grants.iter_mut().filter(|grant| grant.home == home) {
            if grant.version < truth {
                grant.state = State::Ended;
            }
        }
    }

    /// More than paying is asked for: the holder is looked at again.
    pub(crate) fn look(&mut self, home: usize) {
        if self.now - self.homes[home].looked_at >= LOOK_FRESH_S {
            self.see(home);
        }
    }

    /// The role with which a person gets at more than the amount due.
    pub(crate) fn own_after_look(&mut self, person: usize, link: usize) -> Option<Role> {
        let role = self.own(person, link)?;
        if role >= Role::Authorised {
            self.look(self.links[link].home);
        }
        self.own(person, link)
    }

    /// What the person's answers about this link may show.
    pub(crate) fn signboard(&self, link: usize) -> BTreeSet<Canary> {
        let link = &self.links[link];
        let mut shown = BTreeSet::from([Canary::Tail(link.home), Canary::Address(link.home)]);
        if !self.is_outdated(link) {
            shown.insert(Canary::Name(link.board));
        }
        shown
    }

    pub(crate) fn end(&mut self, link: usize) {
        self.links[link].ended = true;
        if let Some(grant) = self.links[link].grant {
            self.grants[grant].state = State::Ended;
        }
        let granted: Vec<usize> = (0..self.grants.len())
            .filter(|grant| {
                self.grants[*grant].by == link && self.grants[*grant].state != State::Ended
            })
            .collect();
        for grant in granted {
            self.grants[grant].state = State::Ended;
            for other in self
                .links
                .iter_mut()
                .filter(|other| !other.ended && other.grant == Some(grant))
            {
                match other.shown {
                    Some(_) => other.grant = None,
                    None => other.ended = true,
                }
            }
        }
    }

    /// A person shows a right of their own to a home.
    fn show(&mut self, person: usize, home: usize, role: Role, by_digits: bool) -> Answer {
        // A refusal leaves nothing behind, not even what was learned of the holder on the way.
        let before = (self.homes.clone(), self.links.clone(), self.grants.clone());
        self.see(home);
        let (version, holder) = (self.homes[home].version, self.homes[home].holder);
        if let Some(link) = self.live(person, home) {
            if self.role(link).is_some() {
                let link = &mut self.links[link];
                let same = link.pinned == version;
                let before = link.shown.unwrap_or(Role::Payer);
                link.shown = Some(if same { before.max(role) } else { role });
                link.pinned = version;
                link.board = holder;
                self.named.insert((person, holder));
                return Answer::Done;
            }
            self.end(link);
        }
        if by_digits && self.barred.contains(&(person, home, version)) {
            (self.homes, self.links, self.grants) = before;
            return Answer::CannotConfirm;
        }
        self.add(person, home, Some(role), None, holder);
        Answer::Done
    }

    pub(crate) fn add(
        &mut self,
        person: usize,
        home: usize,
        shown: Option<Role>,
        grant: Option<usize>,
        board: usize,
    ) {
        self.knew.insert((person, home));
        self.named.insert((person, board));
        self.links.push(Link {
            id: String::new(),
            person,
            home,
            shown,
            pinned: self.homes[home].version,
            grant,
            board,
            ended: false,
        });
    }

    pub(crate) fn by_digits(&mut self, person: usize, home: usize) -> Answer {
        let today = self.today();
        let tries = self.digits.entry((home, today)).or_default();
        *tries += 1;
        if *tries > DIGITS_PER_DAY {
            return Answer::ProofLocked;
        }
        self.show(person, home, Role::Payer, true)
    }

    /// A code to the phone on file; with the certified name when it is the holder's.
    pub(crate) fn by_code(&mut self, person: usize, home: usize) -> Answer {
        let role = if self.homes[home].holder == person {
            Role::Authorised
        } else {
            Role::Payer
        };
        self.show(person, home, role, false)
    }

    /// The certified person's homes, linked in one tap; none when there are none.
    pub(crate) fn by_match(&mut self, person: usize) -> Vec<usize> {
        let held: Vec<usize> = (0..HOMES)
            .filter(|home| self.homes[*home].holder == who(person))
            .collect();
        for home in &held {
            self.show(person, *home, Role::Holder, false);
        }
        held
    }

    pub(crate) fn live_link(&self, person: usize, home: usize) -> usize {
        self.live(person, home).expect("a link")
    }

    /// Somebody on a device that is new to them leaves nothing without showing themselves.
    pub(crate) fn unlink(&mut self, person: usize, link: usize, is_new: bool) -> Answer {
        if self.own(person, link).is_none() {
            return Answer::NotFound;
        }
        if is_new {
            return Answer::StepUpRequired;
        }
        self.end(link);
        Answer::Done
    }

    pub(crate) fn transfer(&mut self, home: usize, to: usize) -> Option<Day> {
        let today = self.today();
        let one = &mut self.homes[home];
        if one.holder == to {
            return None;
        }
        one.holder = to;
        one.version += 1;
        one.since = today;
        Some(today)
    }

    /// What the timed tasks do.
    pub(crate) fn jobs(&mut self) {
        for link in 0..self.links.len() {
            let over = self.links[link]
                .grant
                .filter(|grant| self.grants[*grant].ends_at <= self.now);
            let Some(grant) = over.filter(|_| !self.links[link].ended) else {
                continue;
            };
            match self.links[link].shown {
                Some(_) => self.links[link].grant = None,
                None => self.end(link),
            }
            self.grants[grant].state = State::Ended;
        }
        for home in 0..HOMES {
            let more = |link: &Link| {
                let rests = link.shown > Some(Role::Payer) || link.grant.is_some();
                link.home == home && !link.ended && rests
            };
            let one = &self.homes[home];
            let due = one.known.is_some() && self.now - one.looked_at >= LOOK_AT_LEAST_S;
            if due && self.links.iter().any(more) {
                self.see(home);
            }
        }
    }
}

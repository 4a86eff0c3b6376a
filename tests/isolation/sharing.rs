//! The model's rules of sharing (money.md 3.2): who invites, accepts and takes away.

use std::collections::BTreeSet;

use lifeline_core::shared::time::Day;

use crate::canary::Canary;
use crate::model::{Answer, Grant, Link, Model, Role, State};

const GRANTS_MAX: usize = 8;
const INVITATION_S: i64 = 86_400;

/// What somebody may try to take away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Grant(usize),
    Link(usize),
}

impl Model {
    fn open(&self, grant: usize) -> bool {
        let grant = &self.grants[grant];
        grant.state == State::Open && self.now < grant.open_until && self.now < grant.ends_at
    }

    pub(crate) fn invite(
        &mut self,
        person: usize,
        link: usize,
        scope: Role,
        ends_on: Day,
    ) -> Answer {
        match self.own_after_look(person, link) {
            None => return Answer::NotFound,
            Some(Role::Holder) => {}
            Some(_) => return Answer::RoleNotEnough,
        }
        let home = self.links[link].home;
        let taken = (0..self.grants.len()).filter(|grant| {
            let one = &self.grants[*grant];
            let accepted = one.state == State::Accepted && self.now < one.ends_at;
            one.home == home && (accepted || self.open(*grant))
        });
        if taken.count() >= GRANTS_MAX {
            return Answer::TooManyGrants;
        }
        self.grants.push(Grant {
            id: String::new(),
            token: String::new(),
            by: link,
            home,
            scope,
            version: self.homes[home].version,
            open_until: self.now + INVITATION_S,
            ends_at: ends_on.end().unix_seconds(),
            state: State::Open,
            accepted_by: None,
        });
        Answer::Done
    }

    fn can_be_accepted(&self, person: usize, grant: usize) -> bool {
        let one = &self.grants[grant];
        let by_holder = self.role(one.by) == Some(Role::Holder);
        let same = self.homes[one.home].known == Some(one.version);
        let stranger = self.links[one.by].person != person;
        self.open(grant) && stranger && by_holder && same
    }

    /// What looking at an invitation shows; none when it is of no use to this person.
    pub(crate) fn invitation(&self, person: usize, grant: usize) -> Option<BTreeSet<Canary>> {
        self.can_be_accepted(person, grant)
            .then(|| self.signboard(self.grants[grant].by))
    }

    pub(crate) fn accept(&mut self, person: usize, grant: usize) -> Answer {
        let mine = self.grants[grant].accepted_by == Some(person);
        let accepted = self.grants[grant].state == State::Accepted;
        let there = (0..self.links.len()).find(|link| {
            let one = &self.links[*link];
            !one.ended && one.grant == Some(grant)
        });
        if mine && accepted && there.is_some_and(|link| self.role(link).is_some()) {
            return Answer::Done;
        }
        if !self.can_be_accepted(person, grant) {
            return Answer::CannotConfirm;
        }
        let home = self.grants[grant].home;
        self.look(home);
        if !self.can_be_accepted(person, grant) {
            return Answer::CannotConfirm;
        }
        self.grants[grant].state = State::Accepted;
        self.grants[grant].accepted_by = Some(person);
        let by = self.grants[grant].by;
        let (board, version) = (self.links[by].board, self.homes[home].version);
        self.told_of.insert((self.links[by].person, person));
        self.named.insert((person, board));
        match self.live(person, home) {
            Some(link) if self.role(link).is_some() => {
                if let Some(earlier) = self.links[link].grant {
                    self.grants[earlier].state = State::Ended;
                }
                let outdated = self.is_outdated(&self.links[link]);
                let link = &mut self.links[link];
                link.grant = Some(grant);
                link.pinned = version;
                link.board = board;
                if outdated {
                    link.shown = link.shown.map(|_| Role::Payer);
                }
            }
            over => {
                if let Some(over) = over {
                    self.end(over);
                }
                self.add(person, home, None, Some(grant), board);
            }
        }
        Answer::Done
    }

    /// Takes away what an id names: a grant's, or a link's.
    pub(crate) fn revoke(&mut self, person: usize, link: usize, target: Target) -> Answer {
        match self.own_after_look(person, link) {
            None => return Answer::NotFound,
            Some(Role::Holder) => {}
            Some(_) => return Answer::RoleNotEnough,
        }
        let home = self.links[link].home;
        let taken = match target {
            Target::Grant(grant) if self.grants[grant].home != home => return Answer::NotFound,
            Target::Grant(grant) => {
                let with = |one: &Link| !one.ended && one.grant == Some(grant);
                match self.links.iter().position(with) {
                    Some(link) => link,
                    None if self.open(grant) => {
                        self.grants[grant].state = State::Ended;
                        return Answer::Done;
                    }
                    None => return Answer::NotFound,
                }
            }
            Target::Link(taken) if self.links[taken].home == home => taken,
            Target::Link(_) => return Answer::NotFound,
        };
        if self.links[taken].person == person || self.role(taken).is_none() {
            return Answer::NotFound;
        }
        let known = self.homes[home].known.unwrap_or_default();
        self.barred.insert((self.links[taken].person, home, known));
        self.end(taken);
        Answer::Done
    }

    /// Who is seen by the holder of a link: people by name, and how many entries.
    pub(crate) fn access(&self, link: usize) -> (BTreeSet<Canary>, usize) {
        let home = self.links[link].home;
        let others: Vec<usize> = (0..self.links.len())
            .filter(|other| {
                let one = &self.links[*other];
                one.home == home
                    && one.person != self.links[link].person
                    && self.role(*other).is_some()
            })
            .collect();
        let open = (0..self.grants.len())
            .filter(|grant| self.grants[*grant].home == home && self.open(*grant));
        let names = others
            .iter()
            .map(|other| Canary::Name(self.links[*other].person));
        (names.collect(), others.len() + open.count())
    }
}

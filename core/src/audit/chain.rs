//! The chain over the audit (domain.md C7): every line is linked to the one before it, so that a line that was
//! changed, taken away or put in between breaks the chain where it stands. A chain's head inside the unit of
//! the business would make every unit wait for every other; so lines are written as they are and linked in
//! batches afterwards, by whoever holds the lease of the timed task. Each batch leaves the new head in the
//! evidence log: who holds that head from elsewhere sees as well when the end of the chain was cut off.

use std::sync::Arc;

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use super::Line;
use crate::evidence::Act;
use crate::jobs::runner::{Task, TaskFailure};
use crate::shared::ids::{Entropy, EvidenceId, Maker};
use crate::shared::time::{Clock, Time};
use crate::store::{Store, StoreError, Tx, atomically, snapshot};

/// A line may go after so long (three years); its link stays.
pub const LINE_TERM_S: i64 = 1_096 * 86_400;
/// Lines linked in one unit, and links read at once.
const BATCH_MAX: i64 = 500;
/// Units of one turn; what is left waits for the next.
const BATCHES_MAX: usize = 2_000;
/// What the first link follows.
const NOTHING: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// One link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// From one, without a gap.
    pub place: i64,
    pub audit_id: String,
    /// When the line's act was: says, when the line is gone, whether it was old enough to go.
    pub at: Time,
    /// SHA-256 over the line, hex.
    pub digest: String,
    /// SHA-256 over the head before it, the place, `at` and the digest, hex.
    pub head: String,
}

impl Link {
    /// The link of a line behind `last`, or the first one.
    #[must_use]
    pub fn behind(last: Option<&Self>, line: &Line) -> Self {
        let place = last.map_or(0, |last| last.place).saturating_add(1);
        let digest = digest(line);
        let before = last.map_or(NOTHING, |last| last.head.as_str());
        Self {
            place,
            audit_id: line.audit_id.clone(),
            at: line.at,
            head: head(before, place, line.at, &digest),
            digest,
        }
    }
}

fn digest(line: &Line) -> String {
    let mut hash = Sha256::new();
    hash.update(line.at.micros().to_be_bytes());
    let words = [
        &line.audit_id,
        &line.actor,
        &line.act,
        &line.subject,
        &line.outcome,
        &line.source,
        &line.trace_id,
    ];
    for word in words {
        // With its length: no two lines read alike.
        let length = u64::try_from(word.len()).unwrap_or(u64::MAX);
        hash.update(length.to_be_bytes());
        hash.update(word.as_bytes());
    }
    hex::encode(hash.finalize())
}

fn head(before: &str, place: i64, at: Time, digest: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(before.as_bytes());
    hash.update(place.to_be_bytes());
    hash.update(at.micros().to_be_bytes());
    hash.update(digest.as_bytes());
    hex::encode(hash.finalize())
}

/// What is wrong at a place of the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("a link is missing")]
    LinkMissing,
    #[error("a link does not follow from the one before it")]
    LinkChanged,
    #[error("a line is not the one that was linked")]
    LineChanged,
    #[error("a line is gone that is younger than its term")]
    LineGone,
    #[error("lines were taken away before they were linked")]
    LinesLost,
}

/// Where the chain breaks first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the audit's chain breaks at place {place}: {fault}")]
pub struct Broken {
    pub place: i64,
    pub fault: Fault,
}

/// A chain that is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// How many lines are linked in it, those included that went when their term was over.
    pub links: i64,
    /// The head of its last link, hex; of an empty one what the first link follows.
    pub head: String,
}

/// A walk along the chain, from its beginning.
#[derive(Debug)]
pub struct Walk {
    now: Time,
    last: Option<Link>,
}

impl Walk {
    #[must_use]
    pub const fn at(now: Time) -> Self {
        Self { now, last: None }
    }

    /// The place of the last link that was well.
    #[must_use]
    pub fn place(&self) -> i64 {
        self.last.as_ref().map_or(0, |last| last.place)
    }

    /// The head of the last link that was well.
    fn head(&self) -> &str {
        self.last
            .as_ref()
            .map_or(NOTHING, |last| last.head.as_str())
    }

    /// Takes the next link with its line, where that is still there.
    pub fn step(&mut self, link: Link, line: Option<&Line>) -> Result<(), Broken> {
        let place = self.place().saturating_add(1);
        let broken = |fault| Err(Broken { place, fault });
        if link.place != place {
            return broken(Fault::LinkMissing);
        }
        if head(self.head(), place, link.at, &link.digest) != link.head {
            return broken(Fault::LinkChanged);
        }
        match line {
            Some(line) if digest(line) != link.digest || line.audit_id != link.audit_id => {
                return broken(Fault::LineChanged);
            }
            None if link.at > self.now.plus_seconds(LINE_TERM_S.saturating_neg()) => {
                return broken(Fault::LineGone);
            }
            Some(_) | None => {}
        }
        self.last = Some(link);
        Ok(())
    }
}

/// The use cases of the chain.
#[derive(Clone)]
pub struct Chain {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Chain")
    }
}

impl Chain {
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            store,
            clock,
            entropy,
        }
    }

    /// Links what nobody has linked yet; how many lines.
    pub async fn link(&self) -> Result<usize, StoreError> {
        let mut linked: usize = 0;
        for _ in 0..BATCHES_MAX {
            let batch = self.link_some().await?;
            if batch == 0 {
                break;
            }
            linked = linked.saturating_add(batch);
        }
        Ok(linked)
    }

    async fn link_some(&self) -> Result<usize, StoreError> {
        let maker = Maker {
            clock: &*self.clock,
            entropy: &*self.entropy,
        };
        let (id, now) = (maker.id::<EvidenceId>(), maker.now());
        let mut salt = [0_u8; 16];
        self.entropy.fill(&mut salt);
        atomically(&*self.store, async |tx: &mut Tx| {
            let lines = tx.audit().unlinked(BATCH_MAX).await?;
            let mut last = tx.audit().last_link().await?;
            let mut links = Vec::with_capacity(lines.len());
            for line in &lines {
                let link = Link::behind(last.as_ref(), line);
                last = Some(link.clone());
                links.push(link);
            }
            let Some(newest) = links.last() else {
                return Ok::<_, StoreError>(0);
            };
            tx.audit().link(&links).await?;
            let entry = Act::new()
                .say("place", newest.place)
                .say("head", newest.head.as_str())
                .into_entry(id.clone(), "audit.linked", now, now, salt);
            // A head that no evidence tells of proves nothing: nothing is linked then.
            let entry = entry.map_err(|error| StoreError::Refused(error.to_string()))?;
            tx.evidence().append(&entry).await?;
            Ok(links.len())
        })
        .await
    }

    /// Walks the whole chain as it stands; how many links are well, or where it breaks first.
    pub async fn verify(&self) -> Result<Result<i64, Broken>, StoreError> {
        let walked = self.recompute().await?;
        Ok(walked.map(|whole| whole.links))
    }

    /// The same walk, with the head at its end: who kept a head elsewhere sees whether the end was cut off.
    pub async fn recompute(&self) -> Result<Result<Whole, Broken>, StoreError> {
        let mut walk = Walk::at(self.clock.now());
        loop {
            let mut view = snapshot(&*self.store).await?;
            let pieces = view.audit().links_after(walk.place(), BATCH_MAX).await?;
            if pieces.is_empty() {
                let lost = view.audit().lost().await? > 0;
                let (place, fault) = (walk.place(), Fault::LinesLost);
                return Ok(if lost {
                    Err(Broken { place, fault })
                } else {
                    let head = walk.head().to_owned();
                    Ok(Whole { links: place, head })
                });
            }
            drop(view);
            for (link, line) in pieces {
                if let Err(broken) = walk.step(link, line.as_ref()) {
                    return Ok(Err(broken));
                }
            }
        }
    }
}

/// Links new lines, every minute.
#[derive(Debug, Clone)]
pub struct LinkLines(pub Chain);

#[async_trait]
impl Task for LinkLines {
    fn name(&self) -> &'static str {
        "audit.link"
    }

    fn every_s(&self) -> i64 {
        60
    }

    async fn run(&self, _now: Time) -> Result<(), TaskFailure> {
        self.0.link().await.map(drop).map_err(TaskFailure::store)
    }
}

/// Walks the chain, every day. What it finds stands as the outcome of its turn until somebody looks.
#[derive(Debug, Clone)]
pub struct VerifyChain(pub Chain);

#[async_trait]
impl Task for VerifyChain {
    fn name(&self) -> &'static str {
        "audit.verify"
    }

    fn every_s(&self) -> i64 {
        86_400
    }

    async fn run(&self, _now: Time) -> Result<(), TaskFailure> {
        match self.0.verify().await.map_err(TaskFailure::store)? {
            Ok(links) => {
                tracing::info!(links, "audit.chain.whole");
                Ok(())
            }
            Err(Broken { place, fault }) => {
                tracing::error!(place, %fault, "audit.chain.broken");
                Err("chain_broken".into())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: i64) -> Line {
        Line {
            audit_id: format!("line-{number}"),
            at: Time::from_micros(0).plus_seconds(number),
            actor: "staff:1".into(),
            act: "customers.unmask".into(),
            subject: "A1".into(),
            outcome: "ok".into(),
            source: "192.0.2.1".into(),
            trace_id: "t".into(),
        }
    }

    fn chain(lines: &[Line]) -> Vec<Link> {
        let mut links: Vec<Link> = Vec::new();
        for line in lines {
            links.push(Link::behind(links.last(), line));
        }
        links
    }

    fn walk(now: Time, links: &[Link], lines: &[Option<Line>]) -> Result<i64, Broken> {
        let mut walk = Walk::at(now);
        for (link, line) in links.iter().zip(lines) {
            walk.step(link.clone(), line.as_ref())?;
        }
        Ok(walk.place())
    }

    #[test]
    fn c7_every_word_of_a_line_is_in_its_link() {
        let lines: Vec<Line> = (0..5).map(line).collect();
        let links = chain(&lines);
        let whole: Vec<_> = lines.iter().cloned().map(Some).collect();
        let now = Time::from_micros(0).plus_seconds(10);
        assert_eq!(walk(now, &links, &whole), Ok(5));
        let changes: [fn(&mut Line); 8] = [
            |line| line.audit_id.push('x'),
            |line| line.at = line.at.plus_seconds(1),
            |line| line.actor.push('x'),
            |line| line.act.push('x'),
            |line| line.subject.push('x'),
            |line| line.outcome.push('x'),
            |line| line.source.push('x'),
            |line| line.trace_id.push('x'),
        ];
        for (number, change) in changes.into_iter().enumerate() {
            let at = number % 5;
            let mut lines = whole.clone();
            change(lines[at].as_mut().unwrap());
            let place = i64::try_from(at).unwrap() + 1;
            let fault = Fault::LineChanged;
            assert_eq!(walk(now, &links, &lines), Err(Broken { place, fault }));
        }
    }

    #[test]
    fn c7_words_do_not_run_into_each_other() {
        let (mut one, mut other) = (line(1), line(1));
        one.actor = "ab".into();
        one.act = "c".into();
        other.actor = "a".into();
        other.act = "bc".into();
        assert_ne!(digest(&one), digest(&other));
    }

    #[test]
    fn c7_a_link_that_is_gone_put_in_or_changed_breaks_the_chain_there() {
        let lines: Vec<Line> = (0..5).map(line).collect();
        let links = chain(&lines);
        let whole: Vec<_> = lines.iter().cloned().map(Some).collect();
        let now = Time::from_micros(0).plus_seconds(10);
        let mut fewer = links.clone();
        fewer.remove(2);
        let fault = Fault::LinkMissing;
        assert_eq!(walk(now, &fewer, &whole), Err(Broken { place: 3, fault }));
        let fault = Fault::LinkChanged;
        let changes: [fn(&mut Link); 3] = [
            |link| link.digest = digest(&line(9)),
            |link| link.head = NOTHING.to_owned(),
            |link| link.at = link.at.plus_seconds(-1),
        ];
        for change in changes {
            let mut links = links.clone();
            change(&mut links[3]);
            assert_eq!(walk(now, &links, &whole), Err(Broken { place: 4, fault }));
        }
    }

    #[test]
    fn c7_a_line_may_be_gone_when_its_term_is_over_and_not_a_second_before() {
        let lines = [line(0), line(1)];
        let links = chain(&lines);
        let there = [None, Some(lines[1].clone())];
        let over = Time::from_micros(0).plus_seconds(LINE_TERM_S);
        assert_eq!(walk(over, &links, &there), Ok(2));
        let fault = Fault::LineGone;
        let early = walk(over.plus_seconds(-1), &links, &there);
        assert_eq!(early, Err(Broken { place: 1, fault }));
    }
}

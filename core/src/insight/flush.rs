//! Writes what was noted, each batch exactly once, and keeps the marks by which a gap is seen.
//!
//! A process counts under a run of its own. Every batch has the run's next number, and passing to it
//! is part of the unit that adds the batch: a commit whose answer was lost is not added again. The run
//! says until when everything is written, in quiet times by an empty batch each few seconds. One that
//! has no end and says so no more was killed: what it had not written, a second's worth while the store
//! answers, is missing, and pages mark the hole.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::asked::{Refused, Run};
use super::batch::{Batch, Crowd, crowds};
use super::error::InsightError;
use super::misses::{Missed, Misses};
use super::people::{KEPT, Period, day_number, hashed};
use super::sample::{NOWHERE, Outcome, Sample};
use crate::shared::ids::{AccountId, Entropy, Maker};
use crate::shared::time::{Clock, Time};
use crate::store::{Store, StoreError, Tx, atomically, snapshot};

/// How long a person's region is remembered.
const REGION_S: i64 = 600;
/// People whose regions are remembered at most.
const REGIONS_MAX: usize = 200_000;
/// Seconds that wait for the store; beyond it the oldest are counted as lost.
const WAITING_MAX: usize = 120;
/// Requests that wait for the store, as the seconds.
const HELD_MAX: usize = 500_000;
/// After so many quiet seconds an empty batch says that nothing is missing.
const QUIET_S: i64 = 5;
/// A process that lives says within so many seconds that everything is written: [`QUIET_S`], and the
/// pauses between two turns.
pub(super) const BEAT_S: i64 = 10;

/// What was noted up to a moment, as it was taken.
#[derive(Debug)]
struct Taken {
    until: Time,
    samples: Vec<Sample>,
    lost: i64,
    missed: Vec<Missed>,
}

type Joins = BTreeMap<Crowd, Vec<i64>>;

/// One unit's worth.
#[derive(Debug)]
struct Piece {
    number: i64,
    until: Time,
    batch: Batch,
    joins: Joins,
    refusals: Vec<Refused>,
    missed: Vec<Missed>,
}

type Salts = HashMap<(Period, String), Zeroizing<Vec<u8>>>;

/// The counting of one process.
pub struct Ledger {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    run: String,
    began_at: Time,
    begun: bool,
    number: i64,
    waiting: VecDeque<Arc<Taken>>,
    /// The oldest of them as it is written; it is not made twice.
    ready: Option<Piece>,
    /// Requests that waited too long, to be told with the next piece.
    gone: i64,
    /// Until when something was taken.
    taken_at: Time,
    salts: Salts,
    crowds: HashMap<Crowd, BTreeSet<i64>>,
    regions: HashMap<u128, (String, Time)>,
    misses: Misses,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ledger")
    }
}

/// Whether the store may take another time what it did not take. What it never will is counted as lost, and holds up
/// nothing else.
const fn is_for_now(error: &InsightError) -> bool {
    matches!(
        error,
        InsightError::Store(
            StoreError::Conflict | StoreError::Unavailable(_) | StoreError::CommitUnknown(_)
        )
    )
}

impl Ledger {
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        let run = Maker {
            clock: &*clock,
            entropy: &*entropy,
        }
        .uuid();
        let began_at = clock.now();
        Self {
            store,
            clock,
            entropy,
            run,
            began_at,
            begun: false,
            number: 0,
            waiting: VecDeque::new(),
            ready: None,
            gone: 0,
            taken_at: began_at,
            salts: Salts::new(),
            crowds: HashMap::new(),
            regions: HashMap::new(),
            misses: Misses::default(),
        }
    }

    /// Takes what was noted since the last time and writes it. What could not be written waits, in
    /// its order, for the next time.
    ///
    /// # Errors
    /// The store's.
    pub async fn write(&mut self, samples: &[Sample], lost: i64) -> Result<(), InsightError> {
        let until = self.clock.now();
        let missed = self.misses.take();
        let noted = !samples.is_empty() || lost > 0 || !missed.is_empty();
        if noted || self.is_silent(until) {
            self.taken_at = until;
            self.waiting.push_back(Arc::new(Taken {
                until,
                samples: samples.to_vec(),
                lost,
                missed,
            }));
        }
        self.let_go();
        self.begin().await?;
        self.drain().await
    }

    /// Whether nothing was said for so long that somebody could take the process for a killed one.
    fn is_silent(&self, now: Time) -> bool {
        let said = self.waiting.is_empty() && self.ready.is_none();
        // A clock that was set back must not keep it silent.
        said && !(0..QUIET_S).contains(&now.seconds_since(self.taken_at))
    }

    /// Counts as lost what waited too long.
    fn let_go(&mut self) {
        let held = |waiting: &VecDeque<Arc<Taken>>| {
            let held = waiting.iter().map(|one| one.samples.len());
            held.sum::<usize>()
        };
        while self.waiting.len() > WAITING_MAX || held(&self.waiting) > HELD_MAX {
            let Some(oldest) = self.waiting.pop_front() else {
                return;
            };
            self.lose(&oldest);
        }
    }

    fn lose(&mut self, taken: &Taken) {
        let requests = i64::try_from(taken.samples.len()).unwrap_or(i64::MAX);
        let lost = requests.saturating_add(taken.lost);
        self.gone = self.gone.saturating_add(lost);
    }

    /// The same of a piece. Its unit left nothing: the next one takes its number.
    fn give_up(&mut self) {
        if let Some(piece) = self.ready.take() {
            self.number = piece.number.saturating_sub(1);
            let lost = piece.batch.requests().saturating_add(piece.batch.lost);
            self.gone = self.gone.saturating_add(lost);
            self.crowds.clear();
        }
    }

    /// Takes searches that found nothing; they are written with the next batch.
    pub fn note_misses(&mut self, noted: BTreeMap<String, i64>) {
        let today = day_number(self.clock.now());
        self.misses.note(today, noted);
    }

    /// Ends in order: everything is written, and the run says so.
    ///
    /// # Errors
    /// The store's.
    pub async fn end(&mut self) -> Result<(), InsightError> {
        self.begin().await?;
        self.drain().await?;
        let (now, run) = (self.clock.now(), self.run.as_str());
        atomically(&*self.store, async |tx: &mut Tx| {
            Ok::<_, InsightError>(tx.insight().end_run(run, now).await?)
        })
        .await
    }

    async fn begin(&mut self) -> Result<(), InsightError> {
        if self.begun {
            return Ok(());
        }
        let run = Run {
            run: self.run.clone(),
            began_at: self.began_at,
            flushed_at: self.began_at,
            ended_at: None,
            lost: 0,
        };
        let run = &run;
        atomically(&*self.store, async |tx: &mut Tx| {
            Ok::<_, InsightError>(tx.insight().begin_run(run).await?)
        })
        .await?;
        self.begun = true;
        Ok(())
    }

    async fn piece(&mut self, taken: &Taken) -> Result<Piece, InsightError> {
        let samples = &taken.samples;
        self.learn_regions(samples).await?;
        let (mut batch, mut refusals) = (Batch::default(), Vec::new());
        for sample in samples {
            let region = sample.person.and_then(|person| self.regions.get(&person));
            let region = region.map_or(NOWHERE, |(region, _)| region.as_str());
            batch.add(sample, region);
            if let Some(refusal) = sample.refusal {
                refusals.push(Refused::of(sample, refusal, region));
            }
        }
        // Many requests of one person change nothing in who was there: each kind is looked up once.
        let (mut met, mut joins) = (HashSet::new(), Joins::new());
        for sample in samples {
            let done = sample.outcome == Outcome::Done;
            let kind = (day_number(sample.at), sample.function, sample.channel, done);
            if let Some(person) = sample.person
                && met.insert((person, kind))
            {
                self.count_person(sample, person, &mut joins).await?;
            }
        }
        batch.lost = taken.lost.saturating_add(std::mem::take(&mut self.gone));
        self.number = self.number.saturating_add(1);
        Ok(Piece {
            number: self.number,
            until: taken.until,
            batch,
            joins,
            refusals,
            missed: taken.missed.clone(),
        })
    }

    async fn learn_regions(&mut self, samples: &[Sample]) -> Result<(), InsightError> {
        let now = self.clock.now();
        if self.regions.len() > REGIONS_MAX {
            self.regions.clear();
        }
        let fresh = |known: Option<&(String, Time)>| {
            known.is_some_and(|(_, at)| now.seconds_since(*at) < REGION_S)
        };
        let people: BTreeSet<u128> = samples
            .iter()
            .filter_map(|sample| sample.person)
            .filter(|person| !fresh(self.regions.get(person)))
            .collect();
        if people.is_empty() {
            return Ok(());
        }
        let mut view = snapshot(&*self.store).await?;
        for person in people {
            let id = uuid::Uuid::from_u128(person).hyphenated().to_string();
            let Ok(id) = AccountId::parse(&id) else {
                continue;
            };
            let region = view.insight().region_of(&id).await?;
            self.regions.insert(person, (region, now));
        }
        Ok(())
    }

    async fn count_person(
        &mut self,
        sample: &Sample,
        person: u128,
        joins: &mut Joins,
    ) -> Result<(), InsightError> {
        for period in Period::ALL {
            let begins = period.of(sample.at);
            let hash = hashed(self.salt(period, &begins).await?, person);
            for cell in crowds(sample) {
                let crowd = Crowd {
                    period,
                    begins: begins.clone(),
                    cell,
                };
                if self.joins(&crowd, hash).await? {
                    joins.entry(crowd).or_default().push(hash);
                }
            }
        }
        Ok(())
    }

    /// Whether a hash is new to the smallest of a crowd.
    async fn joins(&mut self, crowd: &Crowd, hash: i64) -> Result<bool, InsightError> {
        if !self.crowds.contains_key(crowd) {
            // Periods that are over need not be in memory any more.
            if self.crowds.len() > 200 {
                self.crowds.clear();
            }
            let most = i64::try_from(KEPT).unwrap_or(i64::MAX);
            let mut view = snapshot(&*self.store).await?;
            let known = view.insight().crowd(crowd, most).await?;
            self.crowds
                .insert(crowd.clone(), known.into_iter().collect());
        }
        let Some(known) = self.crowds.get_mut(crowd) else {
            return Ok(false);
        };
        let full = known.len() >= KEPT;
        if full && known.last().is_some_and(|largest| hash >= *largest) {
            return Ok(false);
        }
        let new = known.insert(hash);
        if known.len() > KEPT {
            known.pop_last();
        }
        Ok(new)
    }

    async fn salt(&mut self, period: Period, begins: &str) -> Result<&[u8], InsightError> {
        let key = (period, begins.to_owned());
        if !self.salts.contains_key(&key) {
            let mut fresh = [0_u8; 16];
            self.entropy.fill(&mut fresh);
            let fresh = &fresh;
            let salt = atomically(&*self.store, async |tx: &mut Tx| {
                Ok::<_, InsightError>(tx.insight().salt(period, begins, fresh).await?)
            })
            .await?;
            if self.salts.len() > 20 {
                self.salts.clear();
            }
            self.salts.insert(key.clone(), salt);
        }
        Ok(self.salts.get(&key).map_or(&[], |salt| salt.as_slice()))
    }

    /// The oldest of what waits, made into a piece; false when nothing waits.
    async fn make_ready(&mut self) -> Result<bool, InsightError> {
        if self.ready.is_some() {
            return Ok(true);
        }
        let Some(oldest) = self.waiting.front() else {
            return Ok(false);
        };
        let taken = Arc::clone(oldest);
        // It waits until it is made: a store that is away costs none of it.
        let made = self.piece(&taken).await;
        if let Err(error) = &made {
            // Hashes of a piece that never came to be would be taken for written ones.
            self.crowds.clear();
            if !is_for_now(error) {
                self.waiting.pop_front();
                self.lose(&taken);
            }
        }
        self.ready = Some(made?);
        self.waiting.pop_front();
        Ok(true)
    }

    async fn drain(&mut self) -> Result<(), InsightError> {
        while self.make_ready().await? {
            let Some(piece) = &self.ready else {
                return Ok(());
            };
            let run = self.run.as_str();
            let written = atomically(&*self.store, async |tx: &mut Tx| {
                let (number, until) = (piece.number, piece.until);
                if !tx.insight().take_batch(run, number, until).await? {
                    return Ok(());
                }
                tx.insight().add(run, &piece.batch).await?;
                for (crowd, hashes) in &piece.joins {
                    tx.insight().join(crowd, hashes).await?;
                }
                tx.insight().refused(&piece.refusals).await?;
                tx.insight().missed(&piece.missed).await?;
                Ok::<_, InsightError>(())
            })
            .await;
            if written.as_ref().is_err_and(|error| !is_for_now(error)) {
                self.give_up();
            }
            written?;
            self.ready = None;
        }
        Ok(())
    }
}

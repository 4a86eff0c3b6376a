//! The job runner of `core` with a time of day, at work on a real store: tasks that run once a day run at it.

use std::sync::Arc;

use async_trait::async_trait;
use lifeline_core::jobs::daily::TimeOfDay;
use lifeline_core::jobs::ports::Pause;
use lifeline_core::jobs::runner::{JobRunner, Task, TaskFailure};
use lifeline_core::shared::time::Time;

use crate::bench::{Bench, Counting, Watch, at};
use crate::contracts;

contracts! { "daily":
    ln_56_a_task_of_a_day_runs_at_its_time_of_day => ["JobStore::ensure", "JobStore::claim", "JobStore::finish"];
}

struct Every(&'static str, i64);

#[async_trait]
impl Task for Every {
    fn name(&self) -> &'static str {
        self.0
    }

    fn every_s(&self) -> i64 {
        self.1
    }

    async fn run(&self, _: Time) -> Result<(), TaskFailure> {
        Ok(())
    }
}

/// Nobody rests: no turn takes long here.
struct Never;

#[async_trait]
impl Pause for Never {
    async fn pause(&self, _: i64) {
        std::future::pending::<()>().await;
    }
}

const HOUR: i64 = 3_600;

/// The bench begins at eight in the morning.
async fn ln_56_a_task_of_a_day_runs_at_its_time_of_day(t: Bench) {
    let watch = Watch::new();
    let process = |time: &str| {
        let tasks: Vec<Arc<dyn Task>> = vec![
            Arc::new(Every("daily", 24 * HOUR)),
            Arc::new(Every("hourly", HOUR)),
        ];
        let clock = Arc::new(watch.clone());
        let entropy = Arc::new(Counting::default());
        let runner = JobRunner::new(t.store.clone(), clock, entropy, Arc::new(Never), tasks);
        runner.daily_at(TimeOfDay::parse(time).unwrap())
    };
    let due = async |name: &str| {
        let jobs = t.view().await.jobs().list().await.unwrap();
        let found = jobs.into_iter().find(|job| job.name == name);
        found.unwrap().next_at
    };
    let runner = process("03:00");
    runner.register().await.unwrap();
    let three = 19 * HOUR;
    assert_eq!(due("daily").await, at(three), "three at night");
    assert_eq!(due("hourly").await, at(HOUR), "as ever");
    watch.set(three - 1);
    assert_eq!(runner.run_due().await.unwrap(), 1, "the hourly one alone");
    watch.set(three);
    assert_eq!(runner.run_due().await.unwrap(), 1);
    assert_eq!(due("daily").await, at(three + 24 * HOUR));
    // The nodes were away over a night: one turn, then at its time again.
    watch.set(three + 30 * HOUR);
    assert_eq!(runner.run_due().await.unwrap(), 2);
    assert_eq!(due("daily").await, at(three + 48 * HOUR));
    // Another time is set: it counts from the next turn on.
    let later = process("05:30");
    later.register().await.unwrap();
    assert_eq!(due("daily").await, at(three + 48 * HOUR));
    watch.set(three + 48 * HOUR);
    assert_eq!(later.run_due().await.unwrap(), 2);
    assert_eq!(due("daily").await, at(three + 50 * HOUR + HOUR / 2));
}

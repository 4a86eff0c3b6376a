//! Waiting for what comes by itself. How soon it comes is nothing a test judges: a busy machine takes longer and
//! is as right.

use std::time::{Duration, Instant};

/// How long a test looks for what comes by itself before it says that it never came: real time, and so much that a
/// machine under eight times its usual load still makes it. A test that passes never waits for its end.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// A shorter pause counts as one of this.
const SHORTEST: Duration = Duration::from_millis(20);

/// Looks at something until it is as it should be, or until patience is at its end:
/// `while looks.again().await { .. }`, and after that the test says what never came. Half of the time at least is
/// pauses: where every look takes long, there are no fewer of them.
#[derive(Debug)]
pub struct Looks {
    pause: Duration,
    patience: Duration,
    began: Instant,
    /// Looks there had been then.
    before: u32,
    count: u32,
}

impl Looks {
    /// Looks with a pause between each and the next.
    #[must_use]
    pub fn every(pause: Duration) -> Self {
        Self {
            pause,
            patience: PATIENCE,
            began: Instant::now(),
            before: 0,
            count: 0,
        }
    }

    /// Whether to look once more: the first time at once, then after the pause.
    pub async fn again(&mut self) -> bool {
        if self.is_over() {
            return false;
        }
        if self.count > 0 {
            tokio::time::sleep(self.pause).await;
        }
        self.count += 1;
        true
    }

    /// The same where nothing else runs on the thread.
    pub fn again_blocking(&mut self) -> bool {
        if self.is_over() {
            return false;
        }
        if self.count > 0 {
            std::thread::sleep(self.pause);
        }
        self.count += 1;
        true
    }

    fn is_over(&self) -> bool {
        let pauses = self.count.saturating_sub(self.before).saturating_sub(1);
        let paused = self.pause.max(SHORTEST).saturating_mul(pauses);
        self.count > 0 && paused >= self.patience / 2 && self.began.elapsed() >= self.patience
    }

    /// How many looks there were, this one too.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Whether this look is the last of a row of `each`: there the sandbox's time may be let pass, for what waits
    /// for a moment of it.
    #[must_use]
    pub fn is_last_of(&self, each: u32) -> bool {
        self.count.is_multiple_of(each)
    }

    /// Whether this look is the first of a row of `each`, of the first `most` rows: where more time than so many
    /// steps must not pass, however slow the machine is. Each row begins with new patience.
    pub fn is_first_of(&mut self, each: u32, most: u32) -> bool {
        let before = self.count.saturating_sub(1);
        let is_first = before.is_multiple_of(each) && before < each.saturating_mul(most);
        if is_first {
            (self.began, self.before) = (Instant::now(), before);
        }
        is_first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hasty(patience: Duration) -> Looks {
        Looks {
            patience,
            ..Looks::every(Duration::from_millis(1))
        }
    }

    #[tokio::test]
    async fn patience_ends_and_not_before_its_time() {
        let patience = Duration::from_millis(50);
        let mut looks = hasty(patience);
        let began = looks.began;
        while looks.again().await {}
        assert!(began.elapsed() >= patience);
        assert!(looks.count() > 1);
        let mut looks = hasty(patience);
        let began = looks.began;
        while looks.again_blocking() {}
        assert!(began.elapsed() >= patience);
        assert!(looks.count() > 1);
    }

    #[tokio::test]
    async fn the_first_look_is_at_once_and_a_slow_one_is_not_the_last() {
        let mut looks = Looks::every(Duration::from_secs(3_600));
        assert!(looks.again().await, "no hour passed");
        let patience = SHORTEST * 6;
        let mut looks = hasty(patience);
        while looks.again().await {
            tokio::time::sleep(patience).await;
        }
        assert_eq!(looks.count(), 4, "half of it is three pauses");
    }

    #[test]
    fn time_passes_after_so_many_looks_or_before_so_many_rows_of_them() {
        let (mut last, mut first) = (Vec::new(), Vec::new());
        let mut looks = hasty(PATIENCE);
        while looks.count() < 10 && looks.again_blocking() {
            if looks.is_last_of(3) {
                last.push(looks.count());
            }
            if looks.is_first_of(3, 2) {
                first.push(looks.count());
            }
        }
        assert_eq!(last, [3, 6, 9]);
        assert_eq!(first, [1, 4]);
    }
}

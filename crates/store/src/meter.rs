//! What the store counts, for `/metrics` and the administrator's page.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A statement that takes longer is logged, without its values.
const SLOW: Duration = Duration::from_millis(100);

/// Sums since the start; `queued` is a present number.
#[derive(Debug, Default)]
pub struct Meter {
    /// Writes that wait for a writer now.
    pub queued: AtomicU64,
    /// Writes that are done; divided by `commits` it is the size of a group.
    pub writes: AtomicU64,
    pub commits: AtomicU64,
    /// Microseconds spent in commits.
    pub commit_time: AtomicU64,
    /// Transactions that had to run again.
    pub retries: AtomicU64,
    pub reads: AtomicU64,
    pub statements: AtomicU64,
    pub slow: AtomicU64,
}

impl Meter {
    /// Name and value of each, in a fixed order.
    pub fn figures(&self) -> [(&'static str, u64); 8] {
        let all = [
            ("queued", &self.queued),
            ("writes", &self.writes),
            ("commits", &self.commits),
            ("commit_microseconds", &self.commit_time),
            ("retries", &self.retries),
            ("reads", &self.reads),
            ("statements", &self.statements),
            ("slow_statements", &self.slow),
        ];
        all.map(|(name, value)| (name, value.load(Ordering::Relaxed)))
    }

    pub(crate) fn statement(&self, since: Instant, sql: &str) {
        let took = since.elapsed();
        add(&self.statements, 1);
        if took > SLOW {
            add(&self.slow, 1);
            tracing::warn!(milliseconds = took.as_millis() as u64, sql, "slow statement");
        }
    }
}

pub(crate) fn add(counter: &AtomicU64, n: u64) {
    counter.fetch_add(n, Ordering::Relaxed);
}

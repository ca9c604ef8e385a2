//! What keeps guessing slow: few hashes at a time, few tries for a name from one address.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use model::{Error, Result};
use tokio::sync::Semaphore;

use super::{Entry, No};
use crate::visitor::random_token;

/// Names and addresses that are remembered at once; beyond, the oldest are forgotten.
const MOST: usize = 10_000;

pub struct Gate {
    /// Each hash takes 19 MiB and a core.
    hashing: Semaphore,
    wrong: Mutex<HashMap<String, Tries>>,
    /// Who gave the right password and owes a code.
    halfway: Mutex<HashMap<String, (Instant, Entry)>>,
    /// The last code that each user has used up.
    used: Mutex<HashMap<i64, u64>>,
}

/// How long a code may take.
const HALFWAY: Duration = Duration::from_secs(300);

struct Tries {
    count: i64,
    last: Instant,
    until: Option<Instant>,
}

impl Default for Gate {
    fn default() -> Gate {
        Gate {
            hashing: Semaphore::new(2),
            wrong: Mutex::default(),
            halfway: Mutex::default(),
            used: Mutex::default(),
        }
    }
}

impl Gate {
    /// Runs what takes long on purpose, away from the threads that answer.
    pub async fn slowly<R: Send + 'static>(&self, work: impl FnOnce() -> R + Send + 'static) -> Result<R> {
        let _seat = self.hashing.acquire().await.map_err(|_| Error::Gone)?;
        tokio::task::spawn_blocking(work).await.map_err(|error| Error::Internal(error.to_string()))
    }

    /// Minutes for which a name is still locked.
    pub fn locked(&self, key: &str) -> Option<i64> {
        let mut wrong = self.wrong();
        let until = wrong.get(key)?.until?;
        match until.checked_duration_since(Instant::now()) {
            Some(rest) => Some((rest.as_secs() / 60 + 1) as i64),
            None => {
                wrong.remove(key);
                None
            }
        }
    }

    /// Counts a wrong password; `lock` is in minutes.
    pub fn blame(&self, key: &str, tries: i64, lock: i64) -> No {
        let mut wrong = self.wrong();
        let (now, lock_time) = (Instant::now(), Duration::from_secs(lock as u64 * 60));
        if wrong.len() >= MOST {
            wrong.retain(|_, it| now.duration_since(it.last) < lock_time);
            if wrong.len() >= MOST {
                wrong.clear();
            }
        }
        let it = wrong.entry(key.to_owned()).or_insert(Tries { count: 0, last: now, until: None });
        // Tries long ago don't count.
        it.count = if now.duration_since(it.last) > lock_time { 1 } else { it.count + 1 };
        it.last = now;
        if it.count >= tries {
            it.until = Some(now + lock_time);
            return No::Locked(lock);
        }
        No::Wrong(tries - it.count, lock)
    }

    pub fn forgive(&self, key: &str) {
        self.wrong().remove(key);
    }

    fn wrong(&self) -> MutexGuard<'_, HashMap<String, Tries>> {
        held(&self.wrong)
    }

    /// A ticket for the second step.
    pub fn wait_for_code(&self, entry: Entry) -> Result<String> {
        let ticket = random_token()?;
        let mut halfway = held(&self.halfway);
        halfway.retain(|_, it| it.0.elapsed() < HALFWAY);
        if halfway.len() < MOST {
            halfway.insert(ticket.clone(), (Instant::now(), entry));
        }
        Ok(ticket)
    }

    /// Whose ticket it is; it counts once.
    pub fn ticket(&self, ticket: &str) -> Option<Entry> {
        held(&self.halfway).remove(ticket).filter(|it| it.0.elapsed() < HALFWAY).map(|it| it.1)
    }

    /// Uses up a one-time code; `false` when it was used before.
    pub fn use_step(&self, user: i64, step: u64) -> bool {
        let mut used = held(&self.used);
        let fresh = used.get(&user).is_none_or(|last| step > *last);
        if fresh {
            used.insert(user, step);
        }
        fresh
    }
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! Threads that searches share: one that has nothing to do helps another.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Threads for all searches that are given the same crew. What a search answers does not depend on them, only how soon.
#[derive(Clone, Debug, Default)]
pub struct Crew {
    idle: Arc<AtomicUsize>,
}

impl Crew {
    /// A crew of so many threads, those counted that run the searches. The default has none to lend.
    #[must_use]
    pub fn of(threads: usize) -> Crew {
        Crew { idle: Arc::new(AtomicUsize::new(threads)) }
    }

    /// Takes up to so many threads that have nothing to do, until what is returned is dropped.
    #[must_use]
    pub fn take(&self, most: usize) -> Taken {
        let fewer = |idle: usize| Some(idle - idle.min(most));
        let before = self.idle.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fewer);
        Taken { crew: self.clone(), count: before.map_or(0, |idle| idle.min(most)) }
    }
}

/// Threads that were taken from a crew.
#[derive(Debug)]
pub struct Taken {
    crew: Crew,
    pub count: usize,
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.crew.idle.fetch_add(self.count, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::Crew;

    #[test]
    fn a_thread_is_lent_once() {
        let crew = Crew::of(3);
        let own = crew.take(1);
        let all = crew.take(9);
        assert_eq!((own.count, all.count, crew.take(1).count), (1, 2, 0));
        drop(all);
        assert_eq!(crew.take(9).count, 2);
        assert_eq!(Crew::default().take(1).count, 0);
    }
}

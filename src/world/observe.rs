//! What the observer makes of what happens: stopwatches, open intervals and marks.

use super::{
    Focus,
    draft::Draft,
    laws::Laws,
    space::{Marks, Origin},
    state::{Place, What},
};
use crate::{
    process::{Data, NodeId, Process},
    spec::{Form, Happening, Signals},
    time::Window,
};

impl<P: Process, M: Data> Laws<P, M> {
    /// Shows a happening to the observer. Where it may choose which trigger to measure, both ways are returned.
    pub(super) fn happen(&self, mut draft: Draft<P, M>, happening: &Happening<'_, P>) -> Vec<Draft<P, M>> {
        let mut memory = draft.state.watch.memory.value.clone();
        let signals = self.property.observe(&mut memory, happening);
        if memory != draft.state.watch.memory.value {
            draft.state.watch.memory = self.memories.keep(&memory);
        }
        if signals == Signals::default() {
            return vec![draft];
        }
        if signals.violated {
            draft.marks = draft.marks.with(Marks::VIOLATED);
        }
        if signals.witness {
            draft.marks = draft.marks.with(Marks::WITNESS);
        }
        if signals.reached {
            draft.marks = draft.marks.with(Marks::REACHED);
        }
        match self.property.form {
            Form::Within(_) => self.within(draft, &signals),
            Form::Apart => {
                self.apart(&mut draft, &signals);
                vec![draft]
            }
            Form::Never | Form::Reachable => vec![draft],
        }
    }

    fn within(&self, mut draft: Draft<P, M>, signals: &Signals) -> Vec<Draft<P, M>> {
        if let Some(index) = running(&draft)
            && (signals.response || signals.discharge)
        {
            let origin = draft.sources[index].origin;
            draft.remove(index);
            if matches!(origin, Origin::Scheduled { .. }) {
                // Answered within its own step: it never waited.
                draft.measured = false;
            } else {
                // A response that discharges as well is a response.
                let mark = if signals.response { Marks::RESPONSE } else { Marks::DISCHARGE };
                draft.marks = draft.marks.with(mark);
                draft.reads |= signals.response;
            }
        }
        if !signals.trigger || running(&draft).is_some() {
            return vec![draft];
        }
        let mut measuring = draft.clone();
        measuring.add(What::Stopwatch, Place::Due, Window::ZERO);
        measuring.measured = true;
        measuring.marks = measuring.marks.with(Marks::TRIGGER);
        vec![measuring, draft]
    }

    fn apart(&self, draft: &mut Draft<P, M>, signals: &Signals) {
        for &party in &signals.end {
            self.interval_ends(draft, party);
        }
        for &party in &signals.begin {
            self.interval_begins(draft, party);
        }
        for &party in &signals.act {
            if draft.state.watch.holders.iter().any(|&holder| holder != party) {
                draft.marks = draft.marks.with(Marks::VIOLATED);
            }
        }
    }

    fn interval_begins(&self, draft: &mut Draft<P, M>, party: NodeId) {
        let watch = &mut draft.state.watch;
        if watch.holders.contains(&party) {
            return;
        }
        watch.holders.push(party);
        watch.holders.sort_unstable();
        let second = watch.holders.len() == 2;
        match self.focus {
            Focus::Check if second => {
                draft.add(What::Stopwatch, Place::Due, Window::ZERO);
                draft.measured = true;
                draft.marks = draft.marks.with(Marks::TRIGGER);
            }
            Focus::Check => {}
            Focus::Handover => {
                let last = draft.state.watch.last.take();
                if last.is_some_and(|last| last != party) {
                    draft.marks = draft.marks.with(Marks::WITNESS);
                }
            }
            Focus::Margin => {
                let last = draft.state.watch.last.take();
                if let Some(index) = running(draft) {
                    let other = last.is_some_and(|last| last != party);
                    draft.reads |= stop(draft, index) && other;
                    if other {
                        draft.marks = draft.marks.with(Marks::RESPONSE);
                    }
                }
            }
        }
    }

    fn interval_ends(&self, draft: &mut Draft<P, M>, party: NodeId) {
        let watch = &mut draft.state.watch;
        let before = watch.holders.len();
        watch.holders.retain(|&holder| holder != party);
        if watch.holders.len() == before {
            return;
        }
        match self.focus {
            Focus::Check if before == 2 => {
                let index = running(draft).expect("it runs while two parties hold");
                draft.reads |= stop(draft, index);
            }
            Focus::Check => {}
            Focus::Handover => watch.last = Some(party),
            Focus::Margin if before == 1 => {
                watch.last = Some(party);
                draft.add(What::Stopwatch, Place::Due, Window::ZERO);
                draft.measured = true;
                draft.marks = draft.marks.with(Marks::TRIGGER);
            }
            Focus::Margin => {}
        }
    }

    /// Whether what happens now could matter: a stopwatch runs or an interval is open; always, where neither exists.
    pub(super) fn matters(&self, draft: &Draft<P, M>) -> bool {
        match self.property.form {
            Form::Within(_) => running(draft).is_some(),
            Form::Apart => !draft.state.watch.holders.is_empty(),
            Form::Never | Form::Reachable => true,
        }
    }
}

/// Stops a stopwatch. Whether it ran before this step: otherwise nothing is measured by it.
fn stop<P: Process, M: Data>(draft: &mut Draft<P, M>, index: usize) -> bool {
    let ran = !matches!(draft.sources[index].origin, Origin::Scheduled { .. });
    draft.remove(index);
    draft.measured &= ran;
    ran
}

fn running<P: Process, M: Data>(draft: &Draft<P, M>) -> Option<usize> {
    draft.position(|what| *what == What::Stopwatch)
}

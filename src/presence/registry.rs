//! Who is present, as a store answers it: the keys below one, each of a cell.

use std::collections::BTreeSet;

use serde::Deserialize;

use crate::{
    lock,
    process::{Id, Names, NodeId, Rank},
    store::{
        Key, consul,
        etcd2::{self, Action},
        etcd3::{self, Change, Done},
        locket,
    },
    time::Window,
};

/// How a reader asks, and what it makes of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Registry {
    pub kind: Kind,
    pub counts: Counts,
    pub tells: Tells,
}

/// Of the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Consul,
    Etcd2,
    Etcd3,
    Locket,
}

/// Which keys of a Consul count as present.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Counts {
    /// Those that a session holds.
    #[default]
    Held,
    /// All, also those whose session is over.
    All,
}

/// Of which disappearances a watch tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tells {
    #[default]
    All,
    /// Not of cells that said that they leave.
    Deaths,
}

/// What a store said about cells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Said {
    /// These are present; a question that waits for a change waits from `index`.
    Present {
        cells: BTreeSet<NodeId>,
        /// These said that they leave, and do not count.
        leaving: BTreeSet<NodeId>,
        index: Option<Rank>,
    },
    Changed(Vec<News>),
    /// It cannot know.
    Failed,
}

/// One change that a watch tells.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Names)]
pub enum News {
    Here(NodeId),
    /// It left in good order, and nobody needs to act.
    Left(NodeId),
    Gone(NodeId),
}

impl Registry {
    /// The question which cells are present.
    #[must_use]
    pub fn list(self, question: Id) -> lock::Message {
        let question = Some(question);
        match self.kind {
            Kind::Consul => {
                let get = consul::Get::Under(CELLS);
                lock::Message::Consul(consul::Message::Ask {
                    question,
                    ask: consul::Ask::Get { get, seen: None, wait: None },
                })
            }
            Kind::Etcd2 => {
                lock::Message::Etcd2(etcd2::Message::Ask { question, ask: etcd2::Ask::List { under: CELLS } })
            }
            Kind::Etcd3 => {
                let op = etcd3::Op::Range(etcd3::Range::Under(CELLS));
                lock::Message::Etcd3(etcd3::Message::Ask { question, ask: etcd3::Ask::Do(op) })
            }
            Kind::Locket => {
                lock::Message::Locket(locket::Message::Ask { question, ask: locket::Ask::FetchAll { under: CELLS } })
            }
        }
    }

    /// The question which cells are present when that has changed since `seen`; after `wait` at the latest. Of a Consul.
    #[must_use]
    pub fn list_since(self, question: Id, seen: Option<Rank>, wait: Window) -> lock::Message {
        let get = consul::Get::Under(CELLS);
        let wait = seen.is_some().then_some(wait);
        let ask = consul::Ask::Get { get, seen, wait };
        lock::Message::Consul(consul::Message::Ask { question: Some(question), ask })
    }

    /// The question to be told of changes: of one by an etcd 2, of all from now on by an etcd 3.
    #[must_use]
    pub fn watch(self, question: Id) -> Option<lock::Message> {
        let question = Some(question);
        match self.kind {
            Kind::Etcd2 => Some(lock::Message::Etcd2(etcd2::Message::Ask {
                question,
                ask: etcd2::Ask::WatchUnder { under: CELLS },
            })),
            Kind::Etcd3 => Some(lock::Message::Etcd3(etcd3::Message::Ask {
                question,
                ask: etcd3::Ask::Watch { range: etcd3::Range::Under(CELLS) },
            })),
            Kind::Consul | Kind::Locket => None,
        }
    }

    /// What a message says, and in answer to which question.
    #[must_use]
    pub fn said(self, message: lock::Message) -> Option<(Id, Said)> {
        match message {
            lock::Message::Consul(consul::Message::Answer { question, answer }) => {
                Some((question, self.said_by_consul(answer)))
            }
            lock::Message::Etcd2(etcd2::Message::Answer { question, answer }) => {
                Some((question, self.said_by_etcd2(answer)))
            }
            lock::Message::Etcd3(etcd3::Message::Answer { question, answer, .. }) => {
                Some((question, self.said_by_etcd3(answer)))
            }
            lock::Message::Locket(locket::Message::Answer { question, answer }) => {
                let said = match answer {
                    locket::Answer::Rows(keys) => present(keys.into_iter()),
                    _ => Said::Failed,
                };
                Some((question, said))
            }
            _ => None,
        }
    }

    fn said_by_consul(self, answer: consul::Answer) -> Said {
        let consul::Answer::Entries { entries, index } = answer else { return Said::Failed };
        let counts = |entry: &consul::Entry| self.counts == Counts::All || entry.holder.is_some();
        let cells = entries.iter().filter(|(_, entry)| counts(entry)).filter_map(|(key, _)| cell(*key)).collect();
        Said::Present { cells, leaving: BTreeSet::new(), index: Some(index) }
    }

    fn said_by_etcd2(self, answer: etcd2::Answer) -> Said {
        match answer {
            etcd2::Answer::Listed(nodes) => present(nodes.into_iter().map(|(key, _)| key)),
            etcd2::Answer::Done { action, node, .. } => {
                let cell = node.owner;
                Said::Changed(vec![match action {
                    Action::Expire => News::Gone(cell),
                    Action::Delete | Action::CompareAndDelete => match self.tells {
                        Tells::All => News::Gone(cell),
                        Tells::Deaths => News::Left(cell),
                    },
                    Action::Get | Action::Set | Action::Create | Action::Update | Action::CompareAndSwap => {
                        News::Here(cell)
                    }
                }])
            }
            _ => Said::Failed,
        }
    }

    fn said_by_etcd3(self, answer: etcd3::Answer) -> Said {
        let leaves = |entry: &etcd3::Entry| entry.value.is_some() && self.tells == Tells::Deaths;
        match answer {
            etcd3::Answer::Done(Done::Range(entries)) => {
                let (leaving, staying): (Vec<_>, Vec<_>) = entries.into_iter().partition(leaves);
                let cells = |entries: Vec<etcd3::Entry>| entries.iter().filter_map(|it| cell(it.name.path)).collect();
                Said::Present { cells: cells(staying), leaving: cells(leaving), index: None }
            }
            etcd3::Answer::Changed(changes) => {
                let news = |change: &Change| match change {
                    Change::Put(entry) if leaves(entry) => cell(entry.name.path).map(News::Left),
                    Change::Put(entry) => cell(entry.name.path).map(News::Here),
                    Change::Deleted { name, .. } => cell(name.path).map(News::Gone),
                };
                Said::Changed(changes.iter().filter_map(news).collect())
            }
            _ => Said::Failed,
        }
    }
}

fn present(keys: impl Iterator<Item = Key>) -> Said {
    Said::Present { cells: keys.filter_map(cell).collect(), leaving: BTreeSet::new(), index: None }
}

/// The key of a cell.
#[must_use]
pub fn key(cell: NodeId) -> Key {
    KEYS[cell.index() - 1]
}

/// Whose key it is. Cells follow the store among the nodes.
#[must_use]
pub fn cell(key: Key) -> Option<NodeId> {
    KEYS.iter().position(|other| *other == key).map(|index| NodeId(index as u16 + 1))
}

/// Below which the keys of cells are.
pub const CELLS: Key = Key("cell/");

const KEYS: [Key; MOST as usize] = [
    Key("cell/A"),
    Key("cell/B"),
    Key("cell/D"),
    Key("cell/E"),
    Key("cell/F"),
    Key("cell/G"),
    Key("cell/H"),
    Key("cell/I"),
];

/// How many cells there may be.
pub const MOST: u8 = 8;

//! Where a value was written, and the refusal that points at it.
//!
//! A file, the command line and the design inside a trace are sources alike.

use std::{collections::BTreeSet, ops::Range, sync::Arc};

use miette::{Diagnostic, NamedSource, SourceSpan};

/// A text that was read, and what to call it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    pub name: String,
    pub text: Arc<str>,
}

/// A piece of a source.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    pub source: Arc<Source>,
    pub range: Range<usize>,
}

/// Input that is refused: what is wrong, where, and what to do about it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error, Diagnostic)]
#[error("{message}")]
pub struct BadInput {
    message: String,
    #[help]
    remedy: Option<String>,
    #[source_code]
    source_code: Option<NamedSource<Arc<str>>>,
    #[label]
    span: Option<SourceSpan>,
}

/// What reading gives.
pub type Result<T> = std::result::Result<T, Box<BadInput>>;

impl Source {
    pub fn new(name: impl Into<String>, text: impl Into<Arc<str>>) -> Arc<Source> {
        Arc::new(Source { name: name.into(), text: text.into() })
    }
}

impl Place {
    /// The whole of a source, pointed at by its first line.
    #[must_use]
    pub fn start_of(source: &Arc<Source>) -> Place {
        let end = source.text.find('\n').unwrap_or(source.text.len());
        Place { source: source.clone(), range: 0..end }
    }

    /// As written.
    #[must_use]
    pub fn text(&self) -> &str {
        self.source.text.get(self.range.clone()).unwrap_or_default()
    }

    /// The number of its first line.
    #[must_use]
    pub fn line(&self) -> usize {
        self.source.text[..self.range.start].matches('\n').count() + 1
    }

    /// One refusal of what stands here.
    pub fn refuse(&self, message: impl Into<String>) -> Box<BadInput> {
        let (text, range) = self.shown();
        Box::new(BadInput {
            message: message.into(),
            remedy: None,
            source_code: Some(NamedSource::new(&self.source.name, text)),
            span: Some(range.into()),
        })
    }

    /// The source and the place in it; of a line that is too long to be read, only a piece around it.
    fn shown(&self) -> (Arc<str>, Range<usize>) {
        const LONGEST: usize = 600;
        const AROUND: usize = 60;
        let text = &self.source.text;
        let whole_line = text[..self.range.start].rfind('\n').map_or(0, |newline| newline + 1)
            ..text[self.range.start..].find('\n').map_or(text.len(), |newline| self.range.start + newline);
        if whole_line.len() <= LONGEST {
            return (text.clone(), self.range.clone());
        }
        let begin = text.floor_char_boundary(self.range.start.saturating_sub(AROUND)).max(whole_line.start);
        let end = text.ceil_char_boundary(self.range.start + AROUND).min(whole_line.end);
        let above = "\n".repeat(self.line() - 1);
        let range = above.len() + self.range.start - begin..above.len() + self.range.end.min(end) - begin;
        (format!("{above}{}", &text[begin..end]).into(), range)
    }
}

impl BadInput {
    /// A refusal of something that has no text to point into: a file that is missing, an option.
    pub fn without_place(message: impl Into<String>) -> Box<BadInput> {
        Box::new(BadInput { message: message.into(), remedy: None, source_code: None, span: None })
    }

    #[must_use]
    pub fn with_remedy(mut self: Box<Self>, remedy: impl Into<String>) -> Box<BadInput> {
        self.remedy = Some(remedy.into());
        self
    }

    /// Suggests the known word nearest to the one that came, or lists the known ones.
    #[must_use]
    pub fn with_known<'a>(self: Box<Self>, came: &str, known: impl IntoIterator<Item = &'a str>) -> Box<BadInput> {
        match suggestion(came, known) {
            Some(remedy) => self.with_remedy(remedy),
            None => self,
        }
    }

    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// As an editor or a terminal shows it, the place included.
    #[must_use]
    pub fn render(&self, color: bool, width: usize) -> String {
        let theme = if color { miette::GraphicalTheme::unicode() } else { miette::GraphicalTheme::unicode_nocolor() };
        let mut text = String::new();
        miette::GraphicalReportHandler::new_themed(theme)
            .with_width(width)
            .without_syntax_highlighting()
            .render_report(&mut text, self)
            .expect("a text can always be written to");
        text
    }
}

/// `did you mean "..."?` if a known word is near, else the first of them.
pub(crate) fn suggestion<'a>(came: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    const MOST: usize = 12;
    let mut known: Vec<&str> = known.into_iter().collect();
    let mut seen = BTreeSet::new();
    known.retain(|word| seen.insert(*word));
    let distance = |word: &str| strsim::damerau_levenshtein(came, word);
    let near = known.iter().filter(|word| distance(word) * 3 <= came.len().max(word.len()));
    if let Some(word) = near.min_by_key(|word| distance(word)) {
        return Some(format!("did you mean {word:?}?"));
    }
    let rest = known.len().saturating_sub(MOST);
    let more = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    (!known.is_empty()).then(|| format!("known here: {}{more}", known[..known.len() - rest].join(", ")))
}

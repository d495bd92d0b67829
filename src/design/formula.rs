//! Formulas: where a pinned number comes from, in terms of the design.
//!
//! `2 * store.session_ttl + network.delay.hi` names values by their paths: below `[design]`, in `network`, or in the
//! `ledger` of the expectation. A window's ends are `.lo` and `.hi`. `+ - *`, `min(..)`, `max(..)`, whole numbers and
//! spans such as `250ms`. A minus stands between spaces, as a name may hold a hyphen. A condition compares two of them:
//! `2 * network.delay.hi < contender.resend`, or with `<=`.

use super::{
    file::Resolved,
    source::{BadInput, Place, Result, suggestion},
    tree::{Node, Table, Value},
};
use crate::time::{Duration, Window};

/// A formula that was read, not yet evaluated.
#[derive(Clone, Debug)]
pub struct Formula {
    text: String,
    place: Place,
    root: Term,
}

/// Where a formula is right: one sum is less than another, or no more than it.
#[derive(Clone, Debug)]
pub struct Condition {
    less: Formula,
    more: Formula,
    or_equal: bool,
}

#[derive(Clone, Debug)]
struct Term {
    at: usize,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Number(i64),
    Span(Duration),
    Path(String),
    Operation(Operator, Vec<Term>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Operator {
    Add,
    Subtract,
    Multiply,
    Min,
    Max,
}

/// A value on the way: microseconds, or a plain number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Quantity {
    value: i64,
    is_span: bool,
}

impl Formula {
    /// # Errors
    /// What is not a formula, at its place.
    pub fn parse(node: &Node) -> Result<Formula> {
        let text = node.expect_text("a formula")?.to_string();
        let mut parser = Parser { text: &text, at: 0, depth: 0, place: &node.place };
        let root = parser.sum()?;
        parser.space();
        if parser.at < text.len() {
            return Err(parser.refuse(parser.at, "expected `+`, `-`, `*` or the end"));
        }
        Ok(Formula { root, place: node.place.clone(), text })
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The span that the formula gives for a design, under one of its ledgers.
    ///
    /// # Errors
    /// A path that does not exist, or a sum of what does not belong together.
    pub fn evaluate(&self, design: &Resolved, ledger: &str) -> Result<Duration> {
        let scope = Scope { design, ledger: design.ledger(ledger)?, formula: self };
        let result = scope.evaluate(&self.root)?;
        if !result.is_span {
            return Err(self.refuse(self.root.at, "the formula gives a number, not a span"));
        }
        if result.value < 0 {
            return Err(self.refuse(self.root.at, "the formula gives less than nothing"));
        }
        Ok(Duration::from_micros(result.value))
    }

    fn refuse(&self, at: usize, message: impl Into<String>) -> Box<BadInput> {
        within(&self.place, &self.text, at).refuse(message)
    }
}

impl Condition {
    /// # Errors
    /// What is not two formulas with a `<` or a `<=` between them, at its place.
    pub fn parse(node: &Node) -> Result<Condition> {
        let text = node.expect_text("a condition")?.to_string();
        let mut parser = Parser { text: &text, at: 0, depth: 0, place: &node.place };
        let less = parser.sum()?;
        parser.take('<')?;
        let or_equal = text[parser.at..].starts_with('=');
        parser.at += usize::from(or_equal);
        let more = parser.sum()?;
        parser.space();
        if parser.at < text.len() {
            return Err(parser.refuse(parser.at, "expected `+`, `-`, `*` or the end"));
        }
        let formula = |root| Formula { root, place: node.place.clone(), text: text.clone() };
        Ok(Condition { less: formula(less), more: formula(more), or_equal })
    }

    #[must_use]
    pub fn text(&self) -> &str {
        self.less.text()
    }

    /// Whether it is so in a design, under one of its ledgers.
    ///
    /// # Errors
    /// As for a formula.
    pub fn is_met(&self, design: &Resolved, ledger: &str) -> Result<bool> {
        let (less, more) = (self.less.evaluate(design, ledger)?, self.more.evaluate(design, ledger)?);
        Ok(less < more || self.or_equal && less == more)
    }

    /// # Errors
    /// Where it is not so in the design that states it.
    pub(super) fn expect_met(&self, design: &Resolved, ledger: &str) -> Result<()> {
        if self.is_met(design, ledger)? {
            return Ok(());
        }
        let (less, more) = (self.less.evaluate(design, ledger)?, self.more.evaluate(design, ledger)?);
        let wanted = if self.or_equal { "no more" } else { "less" };
        let message = format!("`{}` is not so in this design: {less} is not {wanted} than {more}", self.text());
        Err(self.less.place.refuse(message))
    }
}

/// What the path of a value is made of.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// Where a word of a text stands in its file, if the text was written without escapes.
fn within(place: &Place, text: &str, at: usize) -> Place {
    match place.text().find(text) {
        Some(offset) => {
            let start = place.range.start + offset + at;
            let word = text[at..].find(|c| !is_word(c)).unwrap_or(text.len() - at).max(1);
            Place { source: place.source.clone(), range: start..place.range.end.min(start + word) }
        }
        None => place.clone(),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    /// So many parentheses are open.
    depth: usize,
    place: &'a Place,
}

impl Parser<'_> {
    /// One more parenthesis is open. Each takes a piece of the stack.
    fn deeper(&mut self, at: usize) -> Result<()> {
        const DEEPEST: usize = 100;
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.refuse(at, format!("more than {DEEPEST} parentheses are open")));
        }
        Ok(())
    }

    fn sum(&mut self) -> Result<Term> {
        let mut left = self.product()?;
        loop {
            let operator = match self.peek() {
                Some('+') => Operator::Add,
                Some('-') => Operator::Subtract,
                _ => return Ok(left),
            };
            let at = self.at;
            self.at += 1;
            let right = self.product()?;
            left = Term { at, kind: Kind::Operation(operator, vec![left, right]) };
        }
    }

    fn product(&mut self) -> Result<Term> {
        let mut left = self.atom()?;
        while self.peek() == Some('*') {
            let at = self.at;
            self.at += 1;
            let right = self.atom()?;
            left = Term { at, kind: Kind::Operation(Operator::Multiply, vec![left, right]) };
        }
        Ok(left)
    }

    fn atom(&mut self) -> Result<Term> {
        let next = self.peek();
        let at = self.at;
        match next {
            Some('(') => {
                self.at += 1;
                self.deeper(at)?;
                let inner = self.sum()?;
                self.depth -= 1;
                self.take(')')?;
                Ok(inner)
            }
            Some(c) if c.is_ascii_digit() => self.literal(),
            Some(c) if c.is_ascii_alphabetic() || c == '_' => {
                let word = self.word(is_word);
                let operator = match word.as_str() {
                    "min" => Operator::Min,
                    "max" => Operator::Max,
                    _ => return Ok(Term { at, kind: Kind::Path(word) }),
                };
                self.take('(')?;
                self.deeper(at)?;
                let mut terms = vec![self.sum()?];
                while self.peek() == Some(',') {
                    self.at += 1;
                    terms.push(self.sum()?);
                }
                self.depth -= 1;
                self.take(')')?;
                Ok(Term { at, kind: Kind::Operation(operator, terms) })
            }
            _ => Err(self.refuse(at, "expected a number, a span, a path of the design, `min(`, `max(` or `(`")),
        }
    }

    fn literal(&mut self) -> Result<Term> {
        let at = self.at;
        let word = self.word(|c| c.is_ascii_alphanumeric() || c == '.');
        let kind = match word.parse() {
            Ok(number) => Kind::Number(number),
            Err(_) => Kind::Span(word.parse().map_err(|error| self.refuse(at, format!("{error}")))?),
        };
        Ok(Term { at, kind })
    }

    fn word(&mut self, part: impl Fn(char) -> bool) -> String {
        let rest = &self.text[self.at..];
        let word = &rest[..rest.find(|c| !part(c)).unwrap_or(rest.len())];
        self.at += word.len();
        word.into()
    }

    fn take(&mut self, wanted: char) -> Result<()> {
        if self.peek() != Some(wanted) {
            return Err(self.refuse(self.at, format!("expected `{wanted}`")));
        }
        self.at += 1;
        Ok(())
    }

    fn peek(&mut self) -> Option<char> {
        self.space();
        self.text[self.at..].chars().next()
    }

    fn space(&mut self) {
        self.at += self.text[self.at..].len() - self.text[self.at..].trim_start().len();
    }

    fn refuse(&self, at: usize, message: impl Into<String>) -> Box<BadInput> {
        within(self.place, self.text, at).refuse(message)
    }
}

/// What a formula's paths mean.
struct Scope<'a> {
    design: &'a Resolved,
    ledger: Table,
    formula: &'a Formula,
}

impl Scope<'_> {
    fn evaluate(&self, term: &Term) -> Result<Quantity> {
        match &term.kind {
            Kind::Number(value) => Ok(Quantity { value: *value, is_span: false }),
            Kind::Span(span) => self.span(term.at, *span),
            Kind::Path(path) => self.path(term.at, path),
            Kind::Operation(operator, terms) => {
                let mut values = terms.iter().map(|term| self.evaluate(term));
                let first = values.next().expect("an operation has a term")?;
                values.try_fold(first, |left, right| self.apply(term.at, *operator, left, right?))
            }
        }
    }

    fn apply(&self, at: usize, operator: Operator, left: Quantity, right: Quantity) -> Result<Quantity> {
        let value = match operator {
            Operator::Add => left.value.checked_add(right.value),
            Operator::Subtract => left.value.checked_sub(right.value),
            Operator::Multiply => left.value.checked_mul(right.value),
            Operator::Min => Some(left.value.min(right.value)),
            Operator::Max => Some(left.value.max(right.value)),
        };
        let value = value.ok_or_else(|| self.formula.refuse(at, "the value is too large"))?;
        let is_span = match operator {
            Operator::Multiply if left.is_span && right.is_span => {
                return Err(self.formula.refuse(at, "a span times a span is no span"));
            }
            Operator::Multiply => left.is_span || right.is_span,
            _ if left.is_span != right.is_span => {
                return Err(self.formula.refuse(at, "a span and a plain number do not go together"));
            }
            _ => left.is_span,
        };
        Ok(Quantity { value, is_span })
    }

    fn span(&self, at: usize, span: Duration) -> Result<Quantity> {
        if span.is_never() {
            return Err(self.formula.refuse(at, "a formula cannot count with \"never\""));
        }
        Ok(Quantity { value: span.micros(), is_span: true })
    }

    fn path(&self, at: usize, path: &str) -> Result<Quantity> {
        let (whole, end) = match path.rsplit_once('.') {
            Some((rest, end @ ("lo" | "hi"))) if self.find(path).is_none() => (rest, Some(end)),
            _ => (path, None),
        };
        let node = self.find(whole).ok_or_else(|| self.unknown(at, whole))?;
        match &node.value {
            Value::Integer(value) if end.is_none() => Ok(Quantity { value: *value, is_span: false }),
            Value::Text(text) => {
                let span = match end {
                    None => text.parse::<Duration>().ok(),
                    Some(end) => {
                        text.parse::<Window>().ok().map(|window| if end == "lo" { window.lo() } else { window.hi() })
                    }
                };
                match span {
                    Some(span) => self.span(at, span),
                    None if text.parse::<Window>().is_ok() => {
                        Err(self.formula.refuse(at, format!("`{whole}` is a window; say `{whole}.lo` or `{whole}.hi`")))
                    }
                    None => Err(self.formula.refuse(at, format!("`{whole}` is {text:?}, which is no span"))),
                }
            }
            _ => Err(self.formula.refuse(at, format!("`{path}` is {}, which is no span", node.describe()))),
        }
    }

    fn find(&self, path: &str) -> Option<&Node> {
        let keys: Vec<&str> = path.split('.').collect();
        match keys[0] {
            "network" => self.design.part("network").find(&keys[1..]),
            "ledger" => self.ledger.find(&keys[1..]),
            "design" => self.design.part("design").find(&keys[1..]),
            _ => self.design.part("design").find(&keys),
        }
    }

    fn unknown(&self, at: usize, path: &str) -> Box<BadInput> {
        let under = |prefix: &'static str, table: &Table| {
            table.leaves().into_iter().map(|(path, _)| format!("{prefix}{path}")).collect::<Vec<_>>()
        };
        let known = [
            under("", self.design.part("design")),
            under("network.", self.design.part("network")),
            under("ledger.", &self.ledger),
        ]
        .concat();
        let refusal = self.formula.refuse(at, format!("there is no `{path}` to count with"));
        match suggestion(path, known.iter().map(String::as_str)) {
            Some(remedy) => refusal.with_remedy(remedy),
            None => refusal,
        }
    }
}

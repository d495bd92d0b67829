//! Best and worst case as a bar, against the bound, and above it how often seeds showed each span.

use maud::{Markup, html};

use super::figure;
use crate::{report::span, simulate::Distribution, time::Duration, verdict::Figure};

const WIDTH: i64 = 160;
const HEIGHT: i64 = 22;

/// Of the spans that seeds showed.
const SEEN: i64 = 20;
const BARS: usize = 30;

/// A bar from the best to the worst case, and a line at the bound; nothing where neither case is a span.
pub(crate) fn bounds(
    best: Option<Figure>,
    worst: Option<Figure>,
    within: Option<Duration>,
    seen: Option<&Distribution>,
) -> Option<Markup> {
    let (to, open) = match worst? {
        Figure::Exact(worst) if !worst.is_never() => (worst.micros(), false),
        Figure::Between { seen, proved } if !proved.is_never() => (seen.max(proved).micros(), false),
        Figure::Between { seen, .. } | Figure::Exceeds(seen) => (seen.micros(), true),
        Figure::Exact(_) | Figure::Never | Figure::Unbounded { .. } => (i64::MAX, true),
    };
    let from = match best {
        Some(Figure::Exact(best) | Figure::Between { proved: best, .. }) if !best.is_never() => best.micros(),
        _ => 0,
    };
    let bound = within.filter(|within| !within.is_never()).map(Duration::micros);
    let finite = [Some(from), Some(to).filter(|to| *to < i64::MAX), bound];
    let end = (finite.into_iter().flatten().max().unwrap_or(0) * 11 / 10).max(1);
    let x = |micros: i64| 4 + (WIDTH - 8) * micros.min(end) / end;
    let seen = seen.filter(|seen| seen.count() > 0);
    let top = if seen.is_some() { SEEN } else { 0 };
    let told = format!(
        "from {} to {}{}",
        best.map_or("0 s".into(), crate::report::figure),
        crate::report::figure(worst?),
        within.map_or(String::new(), |within| format!(", the bound is {}", span(within)))
    );
    let kept = bound.is_none_or(|bound| to <= bound);
    let content = html! {
        @if let Some(seen) = seen { (heights(seen, &x)) }
        rect.track x="4" y=(top + 9) width=(WIDTH - 8) height="4" {}
        rect class=(if kept { "kept" } else { "broken" }) x=(x(from)) y=(top + 6)
            width=((if open { WIDTH - 4 } else { x(to) } - x(from)).max(2)) height="10" {}
        @if let Some(bound) = bound {
            line.bound x1=(x(bound)) x2=(x(bound)) y1="1" y2=(top + HEIGHT - 1) {}
        }
    };
    Some(figure(WIDTH, top + HEIGHT, "best and worst case", &told, &content))
}

/// How often each span was seen. What was seen at all has a height.
fn heights(seen: &Distribution, x: &dyn Fn(i64) -> i64) -> Markup {
    let bars = seen.bars(BARS);
    let most = bars.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
    let height = |count: u64| if count == 0 { 0 } else { (SEEN as u64 * count / most).max(2) as i64 };
    let width = bars.get(1).map_or(2, |(next, _)| (x(*next) - x(bars[0].0)).max(2));
    html! {
        @for (from, count) in bars.iter().filter(|(_, count)| *count > 0) {
            rect.seen x=(x(*from)) y=(SEEN - height(*count)) width=(width) height=(height(*count)) {
                title { (count) " from " (span(Duration::from_micros(*from))) " on" }
            }
        }
    }
}

//! Pictures as SVG: shapes with classes, whose colours the page gives them.
//!
//! A picture says in words what it shows (`<title>` and `<desc>`), and no text in it is smaller than twelve pixels.

mod bounds;
mod chart;
mod lanes;
mod letters;

pub(super) use bounds::bounds;
pub(crate) use chart::{Medium, Words, chart};
pub(super) use lanes::{lanes, lanes_alone};

use maud::{Markup, html};

/// The colours, light and dark.
pub(super) const COLORS: &str = include_str!("colors.css");

/// How the shapes of a run and of bounds look.
pub(super) const PICTURE: &str = include_str!("picture.css");

/// A picture of that size, in pixels, with a name and a description.
fn figure(width: i64, height: i64, name: &str, description: &str, content: &Markup) -> Markup {
    html! {
        svg xmlns="http://www.w3.org/2000/svg" role="img" width=(width) height=(height)
            viewBox=(format!("0 0 {width} {height}")) {
            title { (name) }
            desc { (description) }
            (content)
        }
    }
}

/// Marks of an axis up to `end` microseconds: at most `most` of them, at round numbers.
fn marks(end: i64, most: i64) -> Vec<i64> {
    let mut step = 1;
    'wide: while step * most < end {
        for factor in [2, 5, 10] {
            if step * factor * most >= end {
                step *= factor;
                break 'wide;
            }
        }
        step *= 10;
    }
    (0..=end / step).map(|count| count * step).collect()
}

/// Shortens a label to what fits in so many pixels, at about seven a letter.
fn label(text: &str, pixels: i64) -> String {
    let letters = usize::try_from(pixels / 7).unwrap_or(0);
    match text.chars().count() <= letters {
        true => text.into(),
        false if letters < 3 => String::new(),
        false => text.chars().take(letters - 1).collect::<String>() + "…",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_round_marks() {
        assert_eq!(marks(41_500_000, 10), (0..=8).map(|count| count * 5_000_000).collect::<Vec<_>>());
        assert_eq!(marks(7, 10), (0..=7).collect::<Vec<_>>());
        assert_eq!(marks(0, 10), [0]);
        for end in [1, 9, 99, 1_000, 123_456_789] {
            assert!(marks(end, 10).len() <= 11, "{end}");
        }
    }

    #[test]
    fn a_label_fits_or_is_cut() {
        assert_eq!(label("Expire(#1)", 70), "Expire(#1)");
        assert_eq!(label("Expire(#1)", 35), "Expi…");
        assert_eq!(label("Expire(#1)", 14), "");
    }
}

//! Letters as strokes, for pictures that must be readable where no font is.
//!
//! Each is drawn in a box four wide, its baseline at two, its greatest height at eight; lines of points, separated by `|`.

use std::fmt::Write;

/// How wide a letter is with the space after it.
const ADVANCE: i64 = 6;

/// So many tenths of a pixel a step of the box has, in a text of twelve pixels.
const STEP: i64 = 12;

/// The strokes of a text that begins at the origin, in tenths of a pixel, and how wide it is.
pub(super) fn strokes(text: &str) -> (String, i64) {
    let mut path = String::new();
    let mut left = 0;
    for letter in text.chars() {
        for line in strokes_of(letter).split('|').filter(|line| !line.is_empty()) {
            for (index, point) in line.split(' ').enumerate() {
                let step = |at: usize| i64::from(point.as_bytes()[at] - b'0');
                let command = if index == 0 { 'M' } else { 'L' };
                let (x, y) = ((left + step(0)) * STEP, (2 - step(1)) * STEP);
                write!(path, "{command}{x} {y}").expect("a text can be written to");
            }
        }
        left += ADVANCE;
    }
    (path, left * STEP)
}

/// What is no letter of this alphabet is a box.
fn strokes_of(letter: char) -> &'static str {
    if letter == ' ' {
        return "";
    }
    LETTERS.iter().find(|(known, _)| *known == letter).map_or("02 06 46 42 02", |(_, strokes)| strokes)
}

const LETTERS: [(char, &str); 94] = [
    ('A', "02 28 42|14 34"),
    ('B', "02 08 38 47 46 35 05|35 44 43 32 02"),
    ('C', "47 38 18 07 03 12 32 43"),
    ('D', "02 08 28 46 44 22 02"),
    ('E', "48 08 02 42|05 35"),
    ('F', "48 08 02|05 35"),
    ('G', "47 38 18 07 03 12 32 43 45 25"),
    ('H', "02 08|42 48|05 45"),
    ('I', "12 32|22 28|18 38"),
    ('J', "48 43 32 12 03"),
    ('K', "02 08|48 05 42"),
    ('L', "08 02 42"),
    ('M', "02 08 25 48 42"),
    ('N', "02 08 42 48"),
    ('O', "12 03 07 18 38 47 43 32 12"),
    ('P', "02 08 38 47 46 35 05"),
    ('Q', "12 03 07 18 38 47 43 32 12|24 42"),
    ('R', "02 08 38 47 46 35 05|25 42"),
    ('S', "47 38 18 07 06 15 35 44 43 32 12 03"),
    ('T', "08 48|28 22"),
    ('U', "08 03 12 32 43 48"),
    ('V', "08 22 48"),
    ('W', "08 12 25 32 48"),
    ('X', "02 48|08 42"),
    ('Y', "08 25 48|25 22"),
    ('Z', "08 48 02 42"),
    ('a', "16 36 45 42|44 14 03 12 32 43"),
    ('b', "08 02|05 16 36 45 43 32 12 03"),
    ('c', "45 36 16 05 03 12 32 43"),
    ('d', "48 42|45 36 16 05 03 12 32 43"),
    ('e', "04 44 45 36 16 05 03 12 32 43"),
    ('f', "38 28 17 12|06 36"),
    ('g', "46 41 30 10 01|45 36 16 05 03 12 32 43"),
    ('h', "08 02|05 16 36 45 42"),
    ('i', "16 26 22|12 32|27 28"),
    ('j', "26 21 10 00|27 28"),
    ('k', "08 02|46 04 42"),
    ('l', "18 28 22|12 32"),
    ('m', "02 06|05 16 25 22|25 36 45 42"),
    ('n', "02 06|05 16 36 45 42"),
    ('o', "12 03 05 16 36 45 43 32 12"),
    ('p', "00 06|05 16 36 45 43 32 12 03"),
    ('q', "40 46|45 36 16 05 03 12 32 43"),
    ('r', "02 06|05 16 36 45"),
    ('s', "45 36 16 05 14 34 43 32 12 03"),
    ('t', "18 13 22 32 43|06 36"),
    ('u', "06 03 12 32 43|46 42"),
    ('v', "06 22 46"),
    ('w', "06 12 25 32 46"),
    ('x', "02 46|06 42"),
    ('y', "06 22|46 10"),
    ('z', "06 46 02 42"),
    ('0', "12 03 07 18 38 47 43 32 12|13 37"),
    ('1', "17 28 22|12 32"),
    ('2', "07 18 38 47 46 02 42"),
    ('3', "07 18 38 47 46 35 15|35 44 43 32 12 03"),
    ('4', "32 38 04 44"),
    ('5', "48 08 05 35 44 43 32 12 03"),
    ('6', "38 18 07 03 12 32 43 44 35 05"),
    ('7', "08 48 12"),
    ('8', "15 06 07 18 38 47 46 35 15 04 03 12 32 43 44 35"),
    ('9', "12 32 43 47 38 18 07 06 15 45"),
    ('.', "12 22 23 13 12"),
    (',', "23 22 11"),
    (':', "22 23|25 26"),
    (';', "25 26|23 22 11"),
    ('!', "28 24|22 23"),
    ('?', "07 18 38 47 46 25 24|22 23"),
    ('-', "05 45"),
    ('+', "05 45|23 27"),
    ('=', "04 44|06 46"),
    ('/', "02 48"),
    ('\\', "08 42"),
    ('*', "24 28|15 37|17 35"),
    ('(', "38 26 24 32"),
    (')', "18 26 24 12"),
    ('[', "38 18 12 32"),
    (']', "18 38 32 12"),
    ('{', "38 27 26 15 24 23 32"),
    ('}', "18 27 26 35 24 23 12"),
    ('<', "47 15 43"),
    ('>', "07 35 03"),
    ('_', "01 41"),
    ('%', "02 48|08 18 17 07 08|32 42 43 33 32"),
    ('#', "13 17|33 37|04 44|06 46"),
    ('\'', "28 26"),
    ('"', "18 16|38 36"),
    ('~', "04 15 34 45"),
    ('|', "21 29"),
    ('&', "42 07 18 27 04 03 12 22 44"),
    ('$', "47 38 18 07 06 15 35 44 43 32 12 03|21 29"),
    ('^', "06 28 46"),
    ('`', "18 27"),
    ('@', "43 45 36 16 05 03 12 42"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_printable_letter_has_strokes_in_its_box() {
        for letter in '!'..='~' {
            let strokes = LETTERS.iter().find(|(known, _)| *known == letter).map(|(_, strokes)| *strokes);
            let strokes = strokes.unwrap_or_else(|| panic!("{letter:?} has no strokes"));
            for point in strokes.split([' ', '|']) {
                let fits = matches!(point.as_bytes(), [b'0'..=b'4', b'0'..=b'9']);
                assert!(fits, "{letter:?} has the point {point:?}");
            }
        }
    }

    #[test]
    fn letters_differ() {
        for (index, (letter, strokes)) in LETTERS.iter().enumerate() {
            let same = LETTERS[..index].iter().find(|(_, other)| other == strokes);
            assert_eq!(same, None, "{letter:?} looks like another");
        }
    }
}

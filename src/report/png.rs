//! From a picture that needs no font to the bytes of a PNG.

use resvg::{
    tiny_skia::{Pixmap, Transform},
    usvg::{Options, Tree},
};

/// Pixels for each of the picture's, either way.
const SCALE: u16 = 2;

/// # Panics
/// On what is no SVG: pictures are made by this program.
pub(crate) fn png(svg: &str) -> Vec<u8> {
    let tree = Tree::from_str(svg, &Options::default()).expect("the picture is SVG");
    let size = tree.size().to_int_size();
    let mut pixels =
        Pixmap::new(size.width() * u32::from(SCALE), size.height() * u32::from(SCALE)).expect("a picture has a size");
    resvg::render(&tree, Transform::from_scale(SCALE.into(), SCALE.into()), &mut pixels.as_mut());
    pixels.encode_png().expect("pixels can be packed")
}

// Measures the page that it was put into, and writes the figures into the page around it, whose own load waits for
// this one.
addEventListener("load", () => {
  const milliseconds = performance.now();
  document.querySelectorAll("details").forEach((details) => { details.open = true; });

  const parse = (color) => {
    const [r, g, b, a = 1] = (color.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
    return { r, g, b, a };
  };
  const over = (top, below) => {
    const mix = (name) => top[name] * top.a + below[name] * (1 - top.a);
    return { r: mix("r"), g: mix("g"), b: mix("b"), a: 1 };
  };
  const luminance = ({ r, g, b }) => {
    const linear = (part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  };
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const canvas = matchMedia("(prefers-color-scheme: dark)").matches ? "rgb(0, 0, 0)" : "rgb(255, 255, 255)";
  const background = (element) => {
    if (!element) return parse(canvas);
    const own = parse(getComputedStyle(element).backgroundColor);
    return own.a === 1 ? own : over(own, background(element.parentElement));
  };
  // What of a picture is painted under a text: the last shape before it that its middle lies in.
  const shapes = new Map();
  const painted = (text) => {
    const svg = text.ownerSVGElement;
    if (!shapes.has(svg)) {
      const found = [...svg.querySelectorAll("rect, circle, path, polygon")];
      shapes.set(svg, found.map((shape) => ({ shape, box: shape.getBoundingClientRect(), style: getComputedStyle(shape) })));
    }
    const box = text.getBoundingClientRect();
    const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
    let below = background(svg);
    for (const { shape, box, style } of shapes.get(svg)) {
      const before = shape.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_FOLLOWING;
      const holds = box.left <= x && x <= box.right && box.top <= y && y <= box.bottom;
      if (before && holds && style.fill !== "none") below = over(parse(style.fill), below);
    }
    return below;
  };

  let texts = 0;
  let smallest = { size: Infinity };
  let faintest = { ratio: Infinity };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const text = walker.currentNode.data.trim();
    if (!text || !element.getClientRects().length || element.closest("script, style, title, desc")) continue;
    texts += 1;
    const style = getComputedStyle(element);
    const drawn = element instanceof SVGElement;
    const scale = drawn ? element.getScreenCTM().a : 1;
    const size = parseFloat(style.fontSize) * scale;
    if (size < smallest.size) smallest = { size, text: text.slice(0, 60) };
    const below = drawn ? painted(element) : background(element);
    const ratio = contrast(over(parse(drawn ? style.fill : style.color), below), below);
    if (ratio < faintest.ratio) faintest = { ratio, text: text.slice(0, 60) };
  }
  const root = document.documentElement;
  const figures = {
    milliseconds, inner: innerWidth, scroll: root.scrollWidth,
    dark: matchMedia("(prefers-color-scheme: dark)").matches, texts, smallest, faintest,
  };
  parent.document.documentElement.setAttribute("data-figures", JSON.stringify(figures));
});

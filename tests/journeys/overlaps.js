// Words that stand upon other words: boxes of text, as drawn and clipped, that cross by more than a hair. Up to five.
() => {
  const boxes = [];
  const within = (a, b) => ({
    left: Math.max(a.left, b.left), top: Math.max(a.top, b.top), right: Math.min(a.right, b.right), bottom: Math.min(a.bottom, b.bottom),
  });
  const said = (box) => `“${box.node.textContent.trim().slice(0, 30)}”`;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node && boxes.length < 1200; node = walker.nextNode()) {
    const parent = node.parentElement;
    if (!node.textContent.trim() || !parent.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true })) continue;
    if (parent.closest(".sr, .skip-link, script, style, select, svg, .map, [data-chart], dialog:not([open]), .toasts")) continue;
    let clip = { left: -1e9, top: -1e9, right: 1e9, bottom: 1e9 }, floats = false;
    for (let up = parent; up && up !== document.documentElement; up = up.parentElement) {
      const style = getComputedStyle(up);
      if (["fixed", "sticky"].includes(style.position)) floats = true;
      if (style.overflowX === "visible" && style.overflowY === "visible") continue;
      const edge = up.getBoundingClientRect();
      clip = within(edge, clip);
    }
    if (floats) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const r of range.getClientRects()) {
      const box = { ...within(r, clip), node };
      if (box.right - box.left > 2 && box.bottom - box.top > 2) boxes.push(box);
    }
  }
  boxes.sort((a, b) => a.top - b.top);
  const found = [];
  boxes.forEach((a, at) => {
    for (let other = at + 1; other < boxes.length && boxes[other].top < a.bottom; other++) {
      const b = boxes[other];
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left), down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      const low = Math.min(a.bottom - a.top, b.bottom - b.top);
      if (across > 3 && down > 0.45 * low && a.node !== b.node) found.push(`${said(a)} upon ${said(b)}`);
    }
  });
  return found.slice(0, 5);
}

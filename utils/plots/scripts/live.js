// What the live pictures share: a ground that Matplotlib drew, marks on top of it, controls below it, and a line of text that
// says the numbers. A script sets `page.update`, which draws, and calls it once.
function livePage(settings) {
  const SVG = "http://www.w3.org/2000/svg";
  const [red, white, green] = [[246, 196, 164], [255, 255, 255], [165, 220, 201]];
  const boxes = [...document.querySelectorAll(`[id="${settings.name}"]`)];
  const box = boxes.find(each => !each.dataset.live) || boxes[0];
  box.dataset.live = "yes";

  function element(tag, parent, attributes = {}, text = "") {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(text);
    parent.append(made);
    return made;
  }
  function shape(tag, parent, attributes = {}) {
    const made = document.createElementNS(SVG, tag);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    parent.append(made);
    return made;
  }

  // The still goes; its description stays with what takes its place.
  const alt = box.querySelector("img").alt, { image, width, height } = settings.ground;
  box.replaceChildren();
  const stage = element("div", box, { style: `position:relative; max-width:100%; width:${width}px; background:white; line-height:0` });
  element("img", stage, { alt: "", src: "data:image/webp;base64," + image, style: "width:100%; height:auto; margin:0" });
  const drawing = shape("svg", stage, {
    viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": alt, style: "position:absolute; inset:0; width:100%; height:100%",
  });
  const controls = element("div", box, { style: "display:flex; flex-wrap:wrap; gap:4px 18px; align-items:center; margin:6px 0" });
  const text = element("output", box, { "aria-live": "polite", style: "display:block; min-height:1.4em; font-family:sans-serif" });

  // Where a number of an axis lies on the drawing, and back.
  function scale([low, high], from, to) {
    const place = v => from + (to - from) * (v - low) / (high - low);
    place.back = px => low + (px - from) / (to - from) * (high - low);
    return place;
  }

  // One of the axes of the ground: what is drawn there is cut off at its frame.
  function axes(number) {
    const { left, right, top, bottom, xlim, ylim } = settings.ground.axes[number];
    const x = scale(xlim, left, right), y = scale(ylim, bottom, top);
    const clip = shape("clipPath", drawing, { id: `${settings.name}-${boxes.indexOf(box)}-${number}` });
    shape("rect", clip, { x: left, y: top, width: right - left, height: bottom - top });
    const inside = shape("g", drawing, { "clip-path": `url(#${clip.id})` });
    const onTop = shape("g", drawing);
    const SHAPES = {  // the marks of utils/plots/drawing.py
      start: { d: "M-5,0a5,5 0 1 0 10,0a5,5 0 1 0 -10,0", fill: "white", stroke: "black" },
      end: { d: "M-4.5,-4.5h9v9h-9z", fill: "black", stroke: "white" },
      lowest: { d: "M0,-10L2.4,-3.2L9.5,-3.1L3.8,1.2L5.9,8.1L0,4L-5.9,8.1L-3.8,1.2L-9.5,-3.1L-2.4,-3.2z", fill: "white", stroke: "black" },
      you: { d: "M0,-7L7,0L0,7L-7,0z", fill: "black", stroke: "white" },
      dot: { d: "M-3,0a3,3 0 1 0 6,0a3,3 0 1 0 -6,0", stroke: "none" },
    };
    return {
      x, y,
      line(style = {}, dots = false) {  // dots: a mark at each point
        const made = shape("polyline", inside, { fill: "none", stroke: "black", "stroke-width": 2.2, "stroke-linejoin": "round", ...style });
        if (dots) {
          const size = { markerUnits: "userSpaceOnUse", markerWidth: 6, markerHeight: 6, refX: 3, refY: 3 };
          const marker = shape("marker", drawing, { id: `${clip.id}-dot`, ...size });
          shape("circle", marker, { cx: 3, cy: 3, r: 2.6, fill: style.stroke });
          made.setAttribute("marker-mid", `url(#${marker.id})`);
        }
        return { move: points => made.setAttribute("points", points.map(([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`).join(" ")) };
      },
      mark(kind, style = {}) {
        const made = shape("path", onTop, { ...SHAPES[kind], ...style });
        return {
          move(a, b) {
            const px = x(a), py = y(b), seen = px >= left - 1 && px <= right + 1 && py >= top - 1 && py <= bottom + 1;
            made.setAttribute("transform", `translate(${px.toFixed(1)},${py.toFixed(1)})`);
            made.style.display = seen ? "" : "none";
          },
          hide() { made.style.display = "none"; },
        };
      },
      rectangle(style = {}) {
        const made = shape("rect", onTop, { fill: "none", ...style });
        return {
          move(x0, y0, x1, y1) {
            const [a, b, c, d] = [x(x0), y(y0), x(x1), y(y1)];
            const place = { x: Math.min(a, c), y: Math.min(b, d), width: Math.abs(c - a), height: Math.abs(d - b) };
            for (const [key, value] of Object.entries(place)) made.setAttribute(key, value.toFixed(1));
          },
          fill: color => made.setAttribute("fill", color),
        };
      },
      // A canvas over the frame, as many pixels as asked for; its colors multiply those of the ground, so that points stay in sight.
      canvas(columns, rows, style = "mix-blend-mode:multiply") {
        const made = element("canvas", stage, { "aria-hidden": "true", width: columns, height: rows });
        stage.insertBefore(made, drawing);
        made.style.cssText = `position:absolute; left:${100 * left / width}%; top:${100 * top / height}%; pointer-events:none;
          width:${100 * (right - left) / width}%; height:${100 * (bottom - top) / height}%; ${style}`;
        return made;
      },
      // A canvas that fills the frame with the colors of ŷ, in ten steps as in the stills: of f(row, column), with numbers
      // between 0 and 1 for each pixel from the top left; or of a grid of n × n bytes, whose first row is at the bottom.
      shading(columns = 120, rows = 90) {
        const pen = this.canvas(columns, rows).getContext("2d"), pixels = pen.createImageData(columns, rows);
        const by = f => {
          for (let i = 0; i < columns * rows; i++) {
            const level = Math.min(Math.floor(f(Math.floor(i / columns), i % columns) * 10), 9) / 9;
            const [from, to, t] = level < 0.5 ? [red, white, 2 * level] : [white, green, 2 * level - 1];
            from.forEach((value, k) => { pixels.data[4 * i + k] = value + t * (to[k] - value); });
            pixels.data[4 * i + 3] = 255;
          }
          pen.putImageData(pixels, 0, 0);
        };
        const grid = (bytes, n) => by((row, column) => {
          const up = (1 - (row + 0.5) / rows) * (n - 1), across = (column + 0.5) / columns * (n - 1);
          const [i, j] = [up, across].map(at => Math.min(Math.floor(at), n - 2)), [u, v] = [up - i, across - j];
          const corner = (a, b) => bytes[(i + a) * n + j + b];
          return ((1 - u) * ((1 - v) * corner(0, 0) + v * corner(0, 1)) + u * ((1 - v) * corner(1, 0) + v * corner(1, 1))) / 255;
        });
        return { by, grid };
      },
      // Call back with the place, in numbers of the axes, where the mouse or a finger drags.
      dragged(callback) {
        const frame = shape("rect", drawing, {
          x: left, y: top, width: right - left, height: bottom - top, fill: "transparent", style: "cursor:crosshair; touch-action:none",
        });
        const move = event => {
          const at = drawing.getBoundingClientRect();
          callback(x.back((event.clientX - at.left) / at.width * width), y.back((event.clientY - at.top) / at.height * height), event);
        };
        frame.onpointerdown = event => { frame.setPointerCapture(event.pointerId); move(event); };
        frame.onpointermove = event => { if (event.buttons) move(event); };
        return frame;
      },
    };
  }

  // A slider over a list of values; `at` is the place of the value in the list.
  function slider(label, values, at, show = String) {
    const row = element("label", controls, { style: "white-space:nowrap; font-family:sans-serif" }, label + " ");
    const input = element("input", row, {
      type: "range", min: 0, max: values.length - 1, step: 1, "aria-label": label, style: "width:150px; vertical-align:middle",
    });
    const number = element("span", row, { style: "display:inline-block; min-width:3.6em; margin-left:6px; font-variant-numeric:tabular-nums" });
    const made = {
      get at() { return +input.value; },
      set at(place) {
        input.value = place;
        number.textContent = show(values[+input.value]);
        input.setAttribute("aria-valuetext", number.textContent);
      },
      get value() { return values[+input.value]; },
      nearest(value) {
        made.at = values.reduce((best, each, i) => Math.abs(each - value) < Math.abs(values[best] - value) ? i : best, 0);
      },
    };
    made.at = at;
    input.oninput = () => { made.at = input.value; made.touched?.(); page.update(); };
    return made;
  }

  function button(label, action, place = controls) {
    const made = element("button", place, { type: "button" }, label);
    made.onclick = () => action(made);
    return made;
  }

  // A slider over frames with a button that plays them; nothing moves before somebody asks for it.
  function player(label, names, pause) {
    let timer = null;
    const play = button("\u25b6 play", () => timer === null ? start() : stop());
    play.style.minWidth = "5.5em";
    const frames = slider(label, names, 0);
    const stop = () => { clearInterval(timer); timer = null; play.textContent = "\u25b6 play"; };
    const next = () => {
      if (!box.isConnected || frames.at >= names.length - 1) return stop();
      frames.at += 1;
      page.update();
    };
    const start = () => {
      if (frames.at >= names.length - 1) frames.at = 0;
      timer = setInterval(next, pause);
      play.textContent = "\u23f8 pause";
      page.update();
    };
    frames.touched = stop;
    return frames;
  }

  // The ends of the line where w1 x1 + w2 x2 + b is 0, this far out on both sides of its point next to the origin; none for w = 0.
  function zeroLine(w1, w2, b, far) {
    const size = Math.hypot(w1, w2), t = far + Math.abs(b) / size;
    return size ? [-t, t].map(s => [(-b * w1 / size - s * w2) / size, (-b * w2 / size + s * w1) / size]) : [];
  }

  const page = {
    box, controls, element, axes, slider, button, player, zeroLine,
    bytes: text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0)),
    say: words => { text.textContent = words; },
    short: number => Number.isFinite(number) ? String(+(+number).toPrecision(3)) : "infinite",
    update() {},
  };
  return page;
}

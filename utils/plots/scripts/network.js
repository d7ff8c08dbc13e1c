// A network of Keras in the page: each layer from an image, {h, w, c, a: numbers row by row}, to the next one.
const ACTIVATIONS = {
  linear: x => x, relu: x => Math.max(x, 0), sigmoid: x => 1 / (1 + Math.exp(-x)), tanh: Math.tanh, softplus: x => Math.log1p(Math.exp(x)),
  elu: x => x > 0 ? x : Math.expm1(x), silu: x => x / (1 + Math.exp(-x)),
};

function softmax(numbers) {
  const largest = Math.max(...numbers), powers = numbers.map(z => Math.exp(z - largest)), sum = powers.reduce((s, p) => s + p, 0);
  return powers.map(p => p / sum);
}

const LAYERS = {
  // W: kernel, shape (k, m, channels, filters), row by row.  top, before: zeros above and to the left, for padding "same".
  conv({ k, m, filters, strides, top, before, h, w, W, b }, x) {
    const a = new Float32Array(h * w * filters);
    for (let i = 0; i < h; i++) for (let j = 0; j < w; j++) for (let f = 0; f < filters; f++) {
      let z = b[f];
      for (let p = 0; p < k; p++) for (let q = 0; q < m; q++) {
        const [row, column] = [i * strides[0] + p - top, j * strides[1] + q - before];
        if (row < 0 || row >= x.h || column < 0 || column >= x.w) continue;
        for (let c = 0; c < x.c; c++) z += x.a[(row * x.w + column) * x.c + c] * W[((p * m + q) * x.c + c) * filters + f];
      }
      a[(i * w + j) * filters + f] = z;
    }
    return { h, w, c: filters, a };
  },
  // The largest number, or the mean, of each block; what lies outside of the image does not count.
  pool({ k, m, strides, top, before, h, w, largest }, x) {
    const a = new Float32Array(h * w * x.c);
    for (let i = 0; i < h; i++) for (let j = 0; j < w; j++) for (let c = 0; c < x.c; c++) {
      const block = [];
      for (let p = 0; p < k; p++) for (let q = 0; q < m; q++) {
        const [row, column] = [i * strides[0] + p - top, j * strides[1] + q - before];
        if (row >= 0 && row < x.h && column >= 0 && column < x.w) block.push(x.a[(row * x.w + column) * x.c + c]);
      }
      a[(i * w + j) * x.c + c] = largest ? Math.max(...block) : block.reduce((s, z) => s + z, 0) / block.length;
    }
    return { h, w, c: x.c, a };
  },
  dense({ units, W, b }, x) {
    const a = Float32Array.from({ length: units }, (_, f) => x.a.reduce((sum, each, i) => sum + each * W[i * units + f], b[f]));
    return { h: 1, w: 1, c: units, a };
  },
  flatten: (_, x) => ({ h: 1, w: 1, c: x.a.length, a: x.a }),
  scale: ({ by, plus }, x) => ({ ...x, a: x.a.map((z, i) => z * by[i % by.length] + plus[i % plus.length]) }),
  activation: ({ name }, x) => ({ ...x, a: name === "softmax" ? Float32Array.from(softmax([...x.a])) : x.a.map(ACTIVATIONS[name]) }),
};

// The outputs of a network for one image, an array of h × w numbers.
function forward(layers, image, h, w) {
  return [...layers.reduce((x, layer) => LAYERS[layer.kind](layer, x), { h, w, c: 1, a: Float32Array.from(image) }).a];
}

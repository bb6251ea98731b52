function (text, inner, outer, width) {
  if (!inner || !outer) throw new Error("portico: this database has no key for tokens; run manage.py install_tokens");
  if (typeof text !== "string") return null;
  var K = [CONSTANTS];
  function block(s, w) {
    for (var t = 16; t < 64; t++) {
      var x = w[t - 15], y = w[t - 2];
      w[t] = (w[t - 16] + ((x >>> 7 | x << 25) ^ (x >>> 18 | x << 14) ^ (x >>> 3)) + w[t - 7]
        + ((y >>> 17 | y << 15) ^ (y >>> 19 | y << 13) ^ (y >>> 10))) | 0;
    }
    var a = s[0], b = s[1], c = s[2], d = s[3], e = s[4], f = s[5], g = s[6], h = s[7];
    for (t = 0; t < 64; t++) {
      var p = (h + ((e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^ (e >>> 25 | e << 7)) + ((e & f) ^ (~e & g))
        + K[t] + w[t]) | 0;
      var q = (((a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^ (a >>> 22 | a << 10)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + p) | 0; d = c; c = b; b = a; a = (p + q) | 0;
    }
    return [(s[0] + a) | 0, (s[1] + b) | 0, (s[2] + c) | 0, (s[3] + d) | 0,
      (s[4] + e) | 0, (s[5] + f) | 0, (s[6] + g) | 0, (s[7] + h) | 0];
  }
  function hash(s, bytes) {
    var bits = (bytes.length + 64) * 8;
    bytes.push(128);
    while (bytes.length % 64 !== 56) bytes.push(0);
    bytes.push(0, 0, 0, Math.floor(bits / 4294967296), bits >>> 24 & 255, bits >>> 16 & 255, bits >>> 8 & 255, bits & 255);
    for (var at = 0; at < bytes.length; at += 64) {
      var w = new Array(64);
      for (var i = 0; i < 16; i++) {
        var o = at + 4 * i;
        w[i] = bytes[o] << 24 | bytes[o + 1] << 16 | bytes[o + 2] << 8 | bytes[o + 3];
      }
      s = block(s, w);
    }
    return s;
  }
  var bytes = [];
  for (var i = 0; i < text.length; i++) {
    var u = text.codePointAt(i);
    if (u > 65535) i++;
    if (u < 128) bytes.push(u);
    else if (u < 2048) bytes.push(192 | u >> 6, 128 | u & 63);
    else if (u < 65536) bytes.push(224 | u >> 12, 128 | u >> 6 & 63, 128 | u & 63);
    else bytes.push(240 | u >> 18, 128 | u >> 12 & 63, 128 | u >> 6 & 63, 128 | u & 63);
  }
  var first = hash(inner, bytes), again = [];
  for (i = 0; i < 8; i++) again.push(first[i] >>> 24 & 255, first[i] >>> 16 & 255, first[i] >>> 8 & 255, first[i] & 255);
  var found = hash(outer, again), hex = "";
  for (i = 0; i < 4; i++) hex += ("0000000" + (found[i] >>> 0).toString(16)).slice(-8);
  return width ? parseInt(hex.slice(0, 12), 16) % (2 * width + 1) - width : "tok_" + hex;
}

// The rows of one result, fetched in pages around what is in sight, sorted and filtered by the server.
const PAGE = 500;
const KEPT = 60; // pages; of the rest nothing stays in memory
const REST_MS = 60; // what is scrolled past sooner is not fetched

export class Refused extends Error {
  constructor(body) {
    super(body.message ?? "The server did not answer.");
    this.field = body.field ?? "";
  }
}

export class Rows {
  constructor(src, arrived) {
    this.src = src;
    this.arrived = arrived;
    this.look = ""; // sort and filters, as the address tells them
    this.size = PAGE; // smaller once a page would have been too big in bytes
    this.pages = new Map();
    this.total = 0;
    this.asked = 0;
  }

  async fetchPage(number, look = this.look) {
    const answer = await fetch(`${this.src}?page=${number}&page_size=${this.size}${look}`, { headers: { Accept: "application/json" } });
    const body = await answer.json();
    if (!answer.ok && body.status === undefined) throw new Refused(body);
    return body;
  }

  begin(body) {
    this.total = body.found;
    this.keep(1, body);
  }

  // Whether this look was the last that was asked for. What is in sight stays until the answer is here.
  async arrange(look) {
    const turn = ++this.asked;
    const body = await this.fetchPage(1, look);
    if (turn !== this.asked) return false;
    this.look = look;
    this.pages.clear();
    this.begin(body);
    return true;
  }

  at(number) {
    return this.pages.get(Math.floor(number / this.size) + 1)?.[number % this.size];
  }

  // Tells which rows are in sight: their pages come once the scrolling rests.
  sight(first, last) {
    clearTimeout(this.timer);
    const missing = [];
    for (let page = Math.floor(first / this.size) + 1; (page - 1) * this.size < last; page++) {
      if (!this.pages.has(page)) missing.push(page);
    }
    if (missing.length) this.timer = setTimeout(() => missing.forEach((page) => this.bring(page)), REST_MS);
  }

  async bring(page) {
    if (this.pages.has(page)) return;
    const [look, size] = [this.look, this.size];
    this.pages.set(page, null);
    try {
      const body = await this.fetchPage(page);
      // Else the rows are in another order, or the pages became smaller meanwhile.
      if (look === this.look && size === this.size) this.keep(page, body);
    } catch {
      if (look === this.look) this.pages.delete(page);
    }
    this.arrived();
  }

  // `next` says in which size the rows go on; that size divides the one that was asked for.
  keep(page, body) {
    const size = body.next ? Number(new URL(body.next, location.href).searchParams.get("page_size")) : this.size;
    const start = (page - 1) * this.size;
    if (size < this.size) {
      this.size = size;
      this.pages.clear();
    }
    this.pages.set(start / this.size + 1, body.rows);
    while (this.pages.size > KEPT) this.pages.delete(this.pages.keys().next().value);
  }
}

// What a client showed its person, and when: `arrivals` are the milliseconds at which the text had grown.
export class Seen {
  text = '';
  arrivals = [];
  asides = [];
  errors = [];
  #began = performance.now();

  shows(text) {
    if (text.length > this.text.length) this.arrivals.push(performance.now() - this.#began);
    this.text = text;
  }

  adds(delta) {
    this.shows(this.text + delta);
  }

  fails(error) {
    this.errors.push(String(error?.message ?? error));
  }

  with(more = {}) {
    const { text, arrivals, asides, errors } = this;
    return { text, arrivals, asides, errors, ...more };
  }
}

export async function until(condition, what, withinMs = 15_000) {
  const end = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`this did not come about: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

// The page in a browser of its own: what a person does in GraphiQL, and what must never happen meanwhile.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const TIMEOUT = 15_000;
// A browser that talks to nobody but the page's server, even where the network is closed.
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Opens /graphiql; `problems` gathers violations, console errors and requests to other origins as they happen. */
export async function openPage(server) {
  const profile = mkdtempSync(join(tmpdir(), "graphiql-check-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    headless: true,
    args: FLAGS,
    viewport: { width: 1280, height: 800 },
    colorScheme: "light",
  });
  context.setDefaultTimeout(TIMEOUT);
  const problems = [];
  const page = context.pages()[0] ?? (await context.newPage());
  await watch(page, server, problems);
  const close = async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  };
  try {
    await page.goto(new URL("graphiql", server).href);
  } catch (cause) {
    await close();
    throw new Error(`no page at ${server}graphiql`, { cause });
  }
  return { page, problems, close };
}

async function watch(page, server, problems) {
  const foreign = (address) => {
    const { host, protocol } = new URL(address);
    return !["data:", "blob:"].includes(protocol) && host !== server.host;
  };
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) {
      problems.push(`console: ${message.text()}`);
    }
  });
  page.on("pageerror", (error) => problems.push(`page: ${error.message}`));
  page.on("request", (request) => foreign(request.url()) && problems.push(`foreign request: ${request.url()}`));
  page.on("websocket", (socket) => foreign(socket.url()) && problems.push(`foreign socket: ${socket.url()}`));
  page.on("requestfailed", (request) => problems.push(`failed: ${request.url()} ${request.failure()?.errorText}`));
  await page.exposeFunction("reportViolation", (text) => problems.push(`policy: ${text}`));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      window.reportViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
    });
  });
}

function deferred() {
  let resolve;
  const promise = new Promise((it) => {
    resolve = it;
  });
  return { promise, resolve };
}

function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not in ${TIMEOUT} ms: ${what}`)), TIMEOUT);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** GraphiQL's parts by what a person sees of them. */
export class Editor {
  #page;

  constructor(page) {
    this.#page = page;
  }

  async ready() {
    await this.#page.getByRole("button", { name: /Execute query/ }).waitFor();
    await this.#page.waitForFunction(() => !document.querySelector(".graphiql-spinner"));
  }

  tabs() {
    return this.#page.locator(".graphiql-tab-button").allTextContents();
  }

  async newTab() {
    await this.#page.getByRole("button", { name: "New tab" }).click();
  }

  async openTab(name) {
    await this.#page.locator(".graphiql-tab-button", { hasText: name }).click();
  }

  async #fill(part, text) {
    const area = this.#page.locator(`${part} .CodeMirror`).first();
    await area.click();
    await this.#page.keyboard.press("Control+A");
    await this.#page.keyboard.press("Delete");
    await this.#page.keyboard.insertText(text);
  }

  async type(text) {
    await this.#fill(".graphiql-query-editor", text);
  }

  async setHeaders(text) {
    await this.#page.getByRole("button", { name: "Headers", exact: true }).click();
    await this.#fill(".graphiql-editor-tool .graphiql-editor:not(.hidden)", text);
  }

  /** Types `start` key by key after `before`, and waits until `word` is offered. */
  async completes(before, start, word) {
    await this.type(before);
    await this.#page.keyboard.type(start);
    await this.#page.locator(".CodeMirror-hints li", { hasText: word }).first().waitFor();
    await this.#page.keyboard.press("Escape");
  }

  async run() {
    await this.#page.getByRole("button", { name: /Execute query/ }).click();
  }

  async stop() {
    await this.#page.getByRole("button", { name: /Stop query/ }).click();
  }

  response() {
    return this.#page.evaluate(() => document.querySelector(".result-window .CodeMirror")?.CodeMirror.getValue() ?? "");
  }

  /** Waits until the answer matches; the message shows what stood there instead. */
  async shows(pattern, what) {
    const value = ([source]) =>
      new RegExp(source).test(document.querySelector(".result-window .CodeMirror")?.CodeMirror.getValue() ?? "");
    try {
      await this.#page.waitForFunction(value, [pattern.source], { timeout: TIMEOUT });
    } catch (cause) {
      throw new Error(`${what}: the answer never matched ${pattern}, but was ${await this.response()}`, { cause });
    }
  }

  /**
   * What passes over the socket that the page opens next: its first message, once the operation was sent, and its end.
   */
  nextSocket() {
    const { promise: subscribed, resolve: subscribe } = deferred();
    const { promise: closed, resolve: close } = deferred();
    let init = null;
    this.#page.once("websocket", (socket) => {
      socket.on("close", close);
      socket.on("framesent", ({ payload }) => {
        const message = JSON.parse(payload);
        if (message.type === "connection_init") {
          init = message;
        } else if (message.type === "subscribe") {
          subscribe(init);
        }
      });
    });
    return {
      subscribed: () => within(subscribed, "the page subscribes"),
      closed: () => within(closed, "the page closes its socket"),
    };
  }

  async sentHeaders(action) {
    const request = this.#page.waitForRequest((it) => it.method() === "POST");
    await action();
    return (await request).allHeaders();
  }

  async openAndClose(name) {
    await this.#page.getByRole("button", { name }).click();
    await this.#page.getByRole("dialog").waitFor();
    await this.#page.keyboard.press("Escape");
    await this.#page.getByRole("dialog").waitFor({ state: "detached" });
  }

  async openDocumentation(field) {
    await this.#page.getByRole("button", { name: "Show Documentation Explorer" }).click();
    await this.#page.locator(".graphiql-doc-explorer a", { hasText: "Query" }).first().click();
    await this.#page.locator(".graphiql-doc-explorer a", { hasText: field }).first().waitFor();
  }

  async screenshot(path) {
    await this.#page.screenshot({ path });
  }
}

import type { HostId } from '@lifeboat/kernel';
import type { RegistryObserver } from '@lifeboat/ports';
import type { MemoryRegistryCore, Watcher } from './memory-registry.ts';

/** Tells one observer what is, a notice's time after it changed. */
export class Watch implements Watcher {
  readonly #core: MemoryRegistryCore;
  readonly #observer: RegistryObserver;
  readonly #concerns: (host: HostId) => boolean;
  readonly #connected: () => boolean;
  readonly #dirty = new Set<HostId>();
  /** Who was told of, of those that concern us; and how many all were. */
  readonly #known = new Set<HostId>();
  #all = 0;
  #gap = false;
  #closed = false;
  #telling: Promise<void> | null = null;

  constructor(core: MemoryRegistryCore, observer: RegistryObserver, concerns: (host: HostId) => boolean, connected: () => boolean) {
    this.#core = core;
    this.#observer = observer;
    this.#concerns = concerns;
    this.#connected = connected;
  }

  changed(host: HostId): void {
    if (this.#concerns(host)) this.#dirty.add(host);
    else if (this.#core.size === this.#all) return;
    void this.#tell();
  }

  gap(): Promise<void> {
    this.#gap = true;
    return this.#tell();
  }

  async settle(): Promise<boolean> {
    await this.#telling;
    return !this.#closed && !this.#gap && this.#connected();
  }

  close(): void {
    this.#closed = true;
  }

  #tell(): Promise<void> {
    this.#telling ??= this.#run();
    return this.#telling;
  }

  async #run(): Promise<void> {
    while (this.#gap || this.#dirty.size > 0 || this.#core.size !== this.#all) {
      await this.#core.clock.sleep(this.#core.noticeDelayMs());
      // after a cut everything is told anew
      if (this.#closed || !this.#connected()) break;
      if (this.#gap) this.#tellAll();
      else this.#tellChanges();
    }
    this.#telling = null;
  }
  #tellAll(): void {
    this.#gap = false;
    this.#dirty.clear();
    this.#known.clear();
    this.#all = this.#core.size;
    for (const [host, entry] of this.#core.view()) {
      if (!this.#concerns(host)) continue;
      this.#known.add(host);
      this.#observer.onHost(host, entry);
    }
    this.#observer.onView([...this.#known]);
  }

  #tellChanges(): void {
    const region = { before: this.#all, now: this.#core.size };
    this.#all = region.now;
    const hosts = [...this.#dirty];
    this.#dirty.clear();
    const gone = hosts.filter((host) => this.#core.place(host) === undefined && this.#known.delete(host));
    if (gone.length > 0 || region.now < region.before) this.#observer.onGone(gone, region);
    for (const host of hosts) {
      const place = this.#core.place(host);
      if (place === undefined) continue;
      this.#known.add(host);
      this.#observer.onHost(host, place.entry);
    }
  }
}

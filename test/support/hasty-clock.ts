import { ManualClock } from './manual-clock.js';

/** A clock on which every wait is over at once, and has taken as long as it should. */
export class HastyClock extends ManualClock {
  readonly waits: number[] = [];

  override async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.waits.push(milliseconds);
    await this.advance(milliseconds);
  }
}

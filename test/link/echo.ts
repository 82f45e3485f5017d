import type { Link } from '../../host/link/link.js';

/** What arrives on a link, as one text; waits for as many bytes as asked. */
export class Listener {
  private text = '';
  private wake: () => void = () => undefined;
  closings: string[] = [];

  constructor(link: Link) {
    link.onData((bytes) => {
      this.text += new TextDecoder().decode(bytes);
      this.wake();
    });
    link.onClose((reason) => {
      this.closings.push(reason);
      this.wake();
    });
  }

  async take(length: number): Promise<string> {
    while (this.text.length < length) await this.event();
    const taken = this.text.slice(0, length);
    this.text = this.text.slice(length);
    return taken;
  }

  async closed(): Promise<string> {
    while (this.closings.length === 0) await this.event();
    return this.closings[0];
  }

  private event(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
    });
  }
}

export const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

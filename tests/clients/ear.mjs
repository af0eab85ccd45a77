// Hears which resources a client of the SDK is told about.
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { PATIENCE_MS, deferred, within } from './deadline.mjs';

// The URIs that the client was told of, in order.
export class Ear {
  uris = [];
  #more = deferred();

  constructor({ client }) {
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => {
      this.uris.push(params.uri);
      this.#more.resolve();
      this.#more = deferred();
    });
  }

  async reach(count) {
    while (this.uris.length < count)
      await within(PATIENCE_MS, `notification ${count}`, this.#more.promise);
  }
}

export { createHttpTransport } from './http.js';
export type {
  HttpTransport,
  TransferChannel,
  TransferEndpoint,
  TransferSettings,
} from './transport.js';

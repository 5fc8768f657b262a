export { createHttpTransport } from './http.js';
export type {
  ExchangeOptions,
  HttpTransport,
  TransferChannel,
  TransferEndpoint,
  TransferSettings,
} from './transport.js';

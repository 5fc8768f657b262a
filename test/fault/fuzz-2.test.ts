import { fuzzShare } from '../support/fuzz/share.js';

fuzzShare(1);

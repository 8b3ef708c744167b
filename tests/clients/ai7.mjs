import * as ai from 'ai7';
import { serve } from './lib/serve.mjs';
import { transportScenarios } from './lib/ui_transport.mjs';

await serve(transportScenarios(ai));

import './theme.css';

import { render } from 'preact';

import { App } from './app.js';
import { watchService } from './service/service-status.js';

const page = document.getElementById('page');
if (!page) throw new Error('The document has no place for the page.');
// What the document shows before the script runs; the same header takes its place in the same frame.
page.replaceChildren();
render(<App />, page);
watchService();

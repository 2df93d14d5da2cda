import './theme.css';

import { render } from 'preact';

import { App } from './app.js';
import { watchService } from './service/service-status.js';

const page = document.getElementById('page');
if (!page) throw new Error('index.html has no element #page.');
// Removes the static header of index.html; the rendered header replaces it in the same frame.
page.replaceChildren();
render(<App />, page);
watchService();

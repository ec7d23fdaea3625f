import './base.css';
import './editor.css';
import './jobs.css';

"use strict";(self.rspackChunkkernelkit=self.rspackChunkkernelkit||[]).push([[2],{49(o,e,r){var t=r(50),a=r.n(t),i=r(51),n=(r.n(i))()(a());n.push([o.id,`/* The sidebar and what all panels share: Lab's variables only. */

.kk-Sidebar,
.kk-Packages,
.kk-NamesBody,
.kk-UpgradeBody {
  /* Readable on each of Lab's grounds, which --jp-ui-font-color2 is not. */
  --kk-muted: color-mix(in srgb, var(--jp-ui-font-color1) 75%, transparent);
}

.kk-Sidebar {
  container-type: inline-size;
  min-width: 200px;
  color: var(--jp-ui-font-color1);
  background: var(--jp-layout-color1);
  font-size: var(--jp-ui-font-size1);
}

.kk-LazyPanel,
.kk-PanelWidget,
.kk-Panel {
  display: flex;
  flex: 1 1 auto;
  flex-direction: column;
  min-height: 0;
  min-width: 0;
}

.kk-Sidebar p,
.kk-Sidebar ul,
.kk-Sidebar ol,
.kk-Sidebar dl {
  margin: 0;
  padding: 0;
}

/* For those who hear the page; Lab has such a class from 4.5 on. */
.kk-sr-only {
  position: absolute;
  width: 1px;
  height: 1px;
  margin: -1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}

.kk-Sidebar :focus-visible,
.kk-Packages :focus-visible {
  outline: 2px solid var(--jp-brand-color1);
  outline-offset: -2px;
}

/* Tabs */

.kk-Sidebar > .lm-TabPanel-tabBar {
  min-height: 33px;
  background: var(--jp-layout-color2);
  border-bottom: var(--jp-border-width) solid var(--jp-border-color1);
}

.kk-Sidebar > .lm-TabPanel-tabBar .lm-TabBar-tab {
  flex: 1 1 0;
  align-items: center;
  justify-content: center;
  gap: 4px;
  min-width: 0;
  height: 32px;
  padding: 0 6px;
  color: var(--jp-ui-font-color1);
  line-height: normal;
  border: none;
  border-bottom: 2px solid transparent;
  cursor: pointer;
}

.kk-Sidebar > .lm-TabPanel-tabBar .lm-TabBar-tab:hover {
  background: var(--jp-layout-color3);
}

.kk-Sidebar > .lm-TabPanel-tabBar .lm-TabBar-tab.lm-mod-current {
  background: var(--jp-layout-color1);
  border-bottom-color: var(--jp-brand-color1);
}

/* In a narrow sidebar the words have the room. */
@container (max-width: 240px) {
  .kk-Sidebar > .lm-TabPanel-tabBar .lm-TabBar-tabIcon {
    display: none;
  }
}

.kk-Sidebar > .lm-TabPanel-tabBar .lm-TabBar-tabIcon svg {
  display: block;
  width: 14px;
}

.kk-Sidebar > .lm-TabPanel-tabBar .lm-TabBar-tabLabel {
  overflow: hidden;
  text-overflow: ellipsis;
  white-space: nowrap;
}

/* The head of a panel */

.kk-Panel-tools,
.kk-Panel-filter {
  display: flex;
  flex: 0 0 auto;
  align-items: center;
  gap: 4px;
  padding: 8px;
}

.kk-Panel-filter {
  flex-wrap: wrap;
  padding: 0 8px 6px;
  border-bottom: var(--jp-border-width) solid var(--jp-border-color2);
}

.kk-Panel-filter .jp-HTMLSelect {
  position: relative;
  flex: 1 1 120px;
  min-width: 0;
}

.kk-Panel-filter select {
  width: 100%;
  height: 24px;
  font-size: var(--jp-ui-font-size1);
}

.kk-SearchBox {
  flex: 1 1 auto;
  min-width: 0;
}

.kk-SearchBox input {
  width: 100%;
}

.kk-IconButton {
  display: inline-flex;
  flex: 0 0 auto;
  align-items: center;
  justify-content: center;
  min-width: 24px;
  min-height: 24px;
  padding: 2px;
  color: inherit;
  background: transparent;
  border: none;
  border-radius: var(--jp-border-radius);
  cursor: pointer;
}

.kk-IconButton:hover {
  background: var(--jp-layout-color3);
}

.kk-IconButton[aria-disabled='true'] {
  opacity: 0.4;
  cursor: default;
}

.kk-IconButton svg {
  display: block;
  width: 16px;
  height: auto;
}

.kk-LinkButton {
  padding: 2px 6px;
  color: var(--jp-content-link-color);
  background: transparent;
  border: var(--jp-border-width) solid var(--jp-border-color1);
  border-radius: var(--jp-border-radius);
  font: inherit;
  cursor: pointer;
}

.kk-LinkButton:hover:not(:disabled) {
  background: var(--jp-layout-color2);
}

.kk-LinkButton:disabled {
  color: var(--jp-ui-font-color3);
  cursor: default;
}

.kk-Actions {
  display: flex;
  flex-wrap: wrap;
  gap: 6px;
  margin-top: 6px;
}

/* Lists */

.kk-VirtualList {
  flex: 1 1 auto;
  min-height: 80px;
  overflow: hidden auto;
  contain: strict;
}

.kk-VirtualList-space {
  position: relative;
  width: 100%;
}

.kk-VirtualList-row {
  position: absolute;
  top: 0;
  left: 0;
  width: 100%;
}

.kk-SectionHead {
  display: flex;
  align-items: center;
  gap: 4px;
  width: 100%;
  min-height: 28px;
  padding: 2px 8px 2px 4px;
  color: var(--jp-ui-font-color1);
  background: var(--jp-layout-color2);
  border: none;
  font: inherit;
  font-weight: 600;
  text-align: left;
  cursor: pointer;
}

.kk-SectionHead-title {
  flex: 1 1 auto;
  min-width: 0;
  overflow-wrap: anywhere;
}

.kk-SectionHead-count {
  color: var(--kk-muted);
  font-weight: 400;
}

.kk-Row {
  border-bottom: var(--jp-border-width) solid var(--jp-border-color2);
}

.kk-Row:hover {
  background: var(--jp-layout-color2);
}

.kk-Row-line {
  display: flex;
  align-items: flex-start;
}

.kk-Row-main {
  display: flex;
  flex: 1 1 auto;
  align-items: flex-start;
  gap: 8px;
  min-width: 0;
  padding: 6px 2px 6px 8px;
  color: inherit;
  background: transparent;
  border: none;
  font: inherit;
  text-align: left;
  cursor: pointer;
}

.kk-Row-text {
  display: flex;
  flex: 1 1 auto;
  flex-direction: column;
  gap: 3px;
  min-width: 0;
}

/* Versions stand at the end of names: two lines before anything is cut. */
.kk-Row-title {
  display: -webkit-box;
  overflow: hidden;
  -webkit-box-orient: vertical;
  -webkit-line-clamp: 2;
  font-weight: 600;
  line-height: 1.3;
  overflow-wrap: anywhere;
}

.kk-mod-open .kk-Row-title {
  -webkit-line-clamp: none;
}

.kk-Row-chips {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 2px 6px;
  min-width: 0;
}

.kk-Row-sub,
.kk-Row-note,
.kk-Fine {
  min-width: 0;
  overflow: hidden;
  color: var(--kk-muted);
  font-size: var(--jp-ui-font-size0);
  text-overflow: ellipsis;
  white-space: nowrap;
}

.kk-Fine {
  white-space: normal;
}

.kk-Fine.kk-mod-lines {
  white-space: pre-line;
}

.jp-ThemedContainer code.kk-Words-code {
  font-family: var(--jp-code-font-family);
  font-size: 0.95em;
  overflow-wrap: anywhere;
}

/* There is little room in a row. */
.jp-ThemedContainer .kk-Row-note code.kk-Words-code {
  font-family: inherit;
  font-size: inherit;
}

.kk-Row-note {
  display: -webkit-box;
  -webkit-box-orient: vertical;
  -webkit-line-clamp: 6;
  line-height: 1.3;
  overflow-wrap: anywhere;
  white-space: normal;
}

.kk-Row-actions {
  display: flex;
  flex: 0 0 auto;
  gap: 2px;
  padding: 6px 6px 6px 0;
}

.kk-Details {
  display: flex;
  flex-direction: column;
  gap: 6px;
  padding: 0 8px 8px 40px;
  line-height: 1.35;
  overflow-wrap: anywhere;
  user-select: text;
}

.kk-Details dl {
  display: grid;
  grid-template-columns: minmax(60px, max-content) 1fr;
  gap: 2px 8px;
}

.kk-Details dt {
  color: var(--kk-muted);
}

.kk-Details dd {
  min-width: 0;
  margin: 0;
}

.kk-Details ul {
  padding-left: 16px;
}

.kk-Logo {
  flex: 0 0 auto;
  width: 24px;
  height: 24px;
  object-fit: contain;
}

.kk-Logo.kk-mod-letter {
  display: inline-flex;
  align-items: center;
  justify-content: center;
  color: var(--jp-ui-font-color1);
  background: var(--jp-layout-color3);
  border-radius: var(--jp-border-radius);
  font-weight: 600;
}

.kk-Logo svg {
  display: block;
  width: 20px;
  height: auto;
}

/* States: the icon is coloured, the word is not */

.kk-StateChip {
  display: inline-flex;
  align-items: center;
  gap: 3px;
  font-size: var(--jp-ui-font-size0);
  white-space: nowrap;
}

.kk-StateChip-icon,
.kk-TaskSteps-icon,
.kk-StaleNotice-icon,
.kk-ErrorState-icon {
  display: inline-flex;
  flex: 0 0 auto;
}

.kk-StateChip-icon svg,
.kk-TaskSteps-icon svg,
.kk-StaleNotice-icon svg {
  display: block;
  width: 13px;
  height: 13px;
}

.kk-ErrorState-icon svg {
  display: block;
  width: 18px;
  height: 18px;
}

.kk-mod-good .kk-StateChip-icon,
.kk-mod-good .kk-TaskSteps-icon {
  color: var(--jp-success-color1);
}

.kk-mod-busy .kk-StateChip-icon,
.kk-mod-busy .kk-TaskSteps-icon {
  color: var(--jp-info-color1);
}

.kk-mod-warn .kk-StateChip-icon,
.kk-StaleNotice-icon {
  color: var(--jp-warn-color1);
}

.kk-mod-bad .kk-StateChip-icon,
.kk-mod-bad .kk-TaskSteps-icon,
.kk-ErrorState-icon {
  color: var(--jp-error-color1);
}

.kk-mod-plain .kk-StateChip-icon,
.kk-mod-plain .kk-TaskSteps-icon {
  color: var(--kk-muted);
}

@media (prefers-reduced-motion: no-preference) {
  .kk-mod-busy .kk-StateChip-icon,
  .kk-mod-busy .kk-TaskSteps-icon {
    animation: kk-turn 1.2s linear infinite;
  }
}

@keyframes kk-turn {
  to {
    transform: rotate(360deg);
  }
}

/* Nothing to list */

.kk-EmptyState {
  display: flex;
  flex-direction: column;
  align-items: center;
  gap: 6px;
  padding: 20px 16px;
  line-height: 1.4;
  text-align: center;
}

.kk-EmptyState .kk-Actions {
  justify-content: center;
}

.kk-EmptyState-title,
.kk-ErrorState-title {
  font-weight: 600;
}

.kk-Hint {
  flex: 0 0 auto;
  border-bottom: var(--jp-border-width) solid var(--jp-border-color2);
}

.kk-ErrorState,
.kk-StaleNotice,
.kk-Problems li {
  display: flex;
  gap: 8px;
  padding: 8px;
  line-height: 1.4;
  overflow-wrap: anywhere;
}

.kk-ErrorState {
  margin: 8px;
  border: var(--jp-border-width) solid var(--jp-error-color1);
  border-radius: var(--jp-border-radius);
}

.kk-StaleNotice,
.kk-Problems {
  flex: 0 0 auto;
  background: var(--jp-layout-color2);
  border-bottom: var(--jp-border-width) solid var(--jp-border-color2);
}

.kk-StaleNotice > span:nth-child(2),
.kk-Problems span:nth-child(2) {
  flex: 1 1 auto;
  min-width: 0;
}

.kk-Problems {
  max-height: 25%;
  overflow: auto;
}

.kk-Problems ul {
  list-style: none;
}

.kk-Loading {
  padding: 16px;
  color: var(--kk-muted);
  text-align: center;
}

/* Work in progress */

.kk-TaskList {
  flex: 0 0 auto;
  max-height: 45%;
  overflow: auto;
  background: var(--jp-layout-color2);
}

.kk-TaskList ul,
.kk-TaskSteps ol {
  margin: 0;
  padding: 0;
  list-style: none;
}

.kk-TaskCard {
  padding: 8px;
  border-top: var(--jp-border-width) solid var(--jp-border-color1);
  line-height: 1.4;
}

.kk-TaskCard-head {
  display: flex;
  align-items: center;
  gap: 6px;
}

.kk-TaskCard-title {
  flex: 1 1 auto;
  min-width: 0;
  font-weight: 600;
  overflow-wrap: anywhere;
}

.kk-TaskCard-now {
  overflow: hidden;
  color: var(--kk-muted);
  text-overflow: ellipsis;
  white-space: nowrap;
}

.kk-TaskSteps li {
  display: flex;
  align-items: flex-start;
  gap: 6px;
  padding: 2px 0;
  overflow-wrap: anywhere;
  user-select: text;
}

.kk-TaskSteps-icon {
  margin-top: 3px;
}

.kk-TaskSteps-error {
  margin-top: 6px;
  padding-left: 8px;
  border-left: 3px solid var(--jp-error-color1);
  overflow-wrap: anywhere;
  white-space: pre-line;
  user-select: text;
}

.kk-Detail {
  max-height: 12em;
  margin: 4px 0;
  padding: 4px;
  overflow: auto;
  color: var(--jp-ui-font-color1);
  background: var(--jp-layout-color2);
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-ui-font-size0);
  white-space: pre-wrap;
}

/* JupyterLab 4.4 leaves the arrow of a list without a place to stand in. */
[class*='kk-'] .jp-HTMLSelect {
  position: relative;
}

/* Dialogs */

.kk-NamesBody,
.kk-NamesBody label {
  display: flex;
  flex-direction: column;
  gap: 4px;
}

.kk-NamesBody {
  gap: 12px;
  width: min(420px, 80vw);
}

.kk-UpgradeDialog .jp-Dialog-content {
  width: min(760px, 94vw);
  max-width: none;
  max-height: 90vh;
}

.kk-UpgradeBody {
  display: flex;
  flex-direction: column;
  gap: 10px;
  padding: 2px;
  overflow: auto;
}

.kk-UpgradeBody p,
.kk-UpgradeBody ul {
  margin: 0;
}

.kk-UpgradeBody h3 {
  margin: 0 0 4px;
  font-size: inherit;
}

.kk-UpgradeBody .kk-Code {
  max-height: 36vh;
}

.kk-FieldError {
  color: var(--jp-error-color0);
}

.kk-Packages {
  display: flex;
  flex-direction: column;
  align-items: flex-start;
  gap: 10px;
  width: min(520px, 80vw);
}

.kk-Packages-form {
  display: flex;
  gap: 8px;
  width: 100%;
}

.kk-Packages-form input.jp-mod-styled {
  flex: 1 1 auto;
  min-width: 0;
  height: auto;
  font: inherit;
}

.kk-Packages-list {
  width: 100%;
  max-height: 40vh;
  margin: 0;
  padding: 0;
  overflow: auto;
  list-style: none;
}

.kk-Packages-list li {
  display: grid;
  grid-template-columns: 1fr auto 28px;
  gap: 8px;
  align-items: center;
  min-height: 28px;
  border-bottom: var(--jp-border-width) solid var(--jp-border-color2);
}

.kk-Mark {
  padding: 0 4px;
  color: var(--kk-muted);
  border: var(--jp-border-width) solid var(--jp-border-color1);
  border-radius: var(--jp-border-radius);
  font-size: var(--jp-ui-font-size0);
}

.kk-LinkButton[aria-disabled='true'] {
  color: var(--jp-ui-font-color3);
  cursor: default;
}

/* At 400 % zoom the sidebar has some 120 pixels, and names need them. */
@container (max-width: 160px) {
  .kk-Row .kk-Logo {
    display: none;
  }
}

/* High contrast drops backgrounds and shadows: what they showed is drawn. */
@media (forced-colors: active) {
  .kk-Sidebar .jp-Button,
  .kk-Editor .jp-Button,
  .kk-Sidebar .jp-InputGroup {
    border: 1px solid ButtonBorder;
  }

  .kk-Sidebar > .lm-TabPanel-tabBar .lm-TabBar-tab.lm-mod-current {
    border-bottom: 2px solid Highlight;
  }
}
`,""]),r.d(e,{},{A:n})},52(o,e,r){var t=r(50),a=r.n(t),i=r(51),n=(r.n(i))()(a());n.push([o.id,`/* The form in the main area, and the dialog of one launch. */

.kk-EditorWidget {
  --kk-muted: color-mix(in srgb, var(--jp-ui-font-color1) 75%, transparent);

  display: flex;
  flex-direction: column;
  min-width: 200px;
  overflow: hidden;
  color: var(--jp-ui-font-color1);
  background: var(--jp-layout-color1);
  font-size: var(--jp-ui-font-size1);
  container: kk-editor / size;
}

.kk-EditorWidget :focus-visible,
.kk-LaunchBody :focus-visible {
  outline: 2px solid var(--jp-brand-color1);
  outline-offset: 1px;
}

.kk-EditorWidget p,
.kk-LaunchBody p {
  margin: 0;
  line-height: 1.4;
}

/* Form and preview side by side; one below the other where it is narrow */

.kk-Editor {
  display: grid;
  flex: 1 1 auto;
  grid-template-columns: minmax(380px, 5fr) minmax(280px, 4fr);
  min-height: 0;
}

.kk-Editor-form,
.kk-Preview {
  min-width: 0;
  padding: 16px;
  overflow: auto;
}

.kk-Preview {
  display: flex;
  flex-direction: column;
  gap: 8px;
  background: var(--jp-layout-color2);
  border-left: var(--jp-border-width) solid var(--jp-border-color1);
}

@container kk-editor (width < 800px) {
  .kk-Editor {
    display: block;
    overflow: auto;
  }

  .kk-Editor-form,
  .kk-Preview {
    overflow: visible;
  }

  .kk-Preview {
    border-top: var(--jp-border-width) solid var(--jp-border-color1);
    border-left: none;
  }
}

/* At 400 % zoom hardly any height is left: everything scrolls together. */
@container kk-editor (height < 420px) {
  .kk-EditorScroll {
    overflow: auto;
  }

  .kk-Editor,
  .kk-EditorScroll .kk-SaveBar {
    flex: none;
    max-height: none;
    overflow: visible;
  }
}

.kk-EditorScroll {
  display: flex;
  flex: 1 1 auto;
  flex-direction: column;
  min-height: 0;
}

.kk-Editor-title {
  margin: 0 0 12px;
  font-size: var(--jp-ui-font-size3);
  font-weight: 600;
  overflow-wrap: anywhere;
}

/* Sections */

.kk-Section {
  max-width: 760px;
  margin-bottom: 8px;
  border: var(--jp-border-width) solid var(--jp-border-color1);
  border-radius: var(--jp-border-radius);
}

.kk-Section-head,
.kk-More > summary {
  padding: 8px 12px;
  font-weight: 600;
  cursor: pointer;
}

.kk-Section-head {
  background: var(--jp-layout-color2);
}

.kk-Section-errors {
  display: inline-flex;
  gap: 4px;
  align-items: center;
  margin-left: 8px;
  font-weight: 400;
}

.kk-Section-errors svg {
  display: block;
  width: 13px;
  height: 13px;
}

.kk-Section-errors > span {
  color: var(--jp-error-color1);
}

.kk-Section-body,
.kk-SlurmFields {
  display: flex;
  flex-direction: column;
  gap: 14px;
}

.kk-Section-body {
  padding: 14px 12px;
}

.kk-Columns {
  display: grid;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 170px), 1fr));
  gap: 14px;
}

.kk-More > summary {
  padding: 2px 0;
  font-weight: 400;
}

.kk-More[open] > summary {
  margin-bottom: 10px;
}

.kk-More .kk-Columns + .kk-Field {
  margin-top: 14px;
}

/* Fields */

.kk-Field {
  display: flex;
  flex-direction: column;
  gap: 4px;
  min-width: 0;
}

.kk-Field-label {
  font-weight: 600;
}

.kk-Field-required,
.kk-Field-about {
  color: var(--kk-muted, var(--jp-ui-font-color1));
  font-size: var(--jp-ui-font-size0);
  font-weight: 400;
}

.kk-Field-problems,
.kk-ProblemLinks {
  display: flex;
  flex-direction: column;
  gap: 4px;
  margin: 0;
  padding: 0;
  line-height: 1.4;
  list-style: none;
}

.kk-Field-problems li,
.kk-ProblemLinks li,
.kk-Outcome-problem {
  display: flex;
  gap: 6px;
  align-items: baseline;
  overflow-wrap: anywhere;
}

.kk-Field-problems svg,
.kk-ProblemLinks svg,
.kk-Outcome svg {
  position: relative;
  top: 2px;
  width: 13px;
  height: 13px;
}

.kk-ProblemWords {
  flex: 1 1 auto;
  min-width: 0;
}

.kk-mod-error > span:first-child {
  color: var(--jp-error-color1);
}

.kk-mod-warning > span:first-child {
  color: var(--jp-warn-color0, var(--jp-warn-color1));
}

input.jp-mod-styled.kk-Input,
textarea.jp-mod-styled.kk-Input {
  box-sizing: border-box;
  width: 100%;
  min-width: 0;
  min-height: 28px;
  padding: 4px 8px;
  color: var(--jp-ui-font-color1);
  background: var(--jp-input-background);
  border: var(--jp-border-width) solid var(--jp-input-border-color);
  border-radius: var(--jp-border-radius);
  font: inherit;
  resize: vertical;
}

.kk-Input::placeholder {
  color: var(--kk-muted, var(--jp-ui-font-color1));
  opacity: 0.8;
}

.kk-mod-invalid input.kk-Input,
.kk-mod-invalid textarea.kk-Input,
.kk-mod-invalid .jp-HTMLSelect.jp-DefaultStyle.kk-Select select {
  border-color: var(--jp-error-color1);
}

input.jp-mod-styled.kk-mod-short {
  flex: 0 1 110px;
  width: auto;
}

.kk-Columns input.jp-mod-styled.kk-mod-short {
  flex: 1 1 60px;
}

.kk-Select {
  min-width: 0;
  max-width: 100%;
}

.jp-HTMLSelect.jp-DefaultStyle.kk-Select {
  padding: 0;
}

.jp-HTMLSelect.jp-DefaultStyle.kk-Select select {
  width: 100%;
  height: 28px;
  padding: 0 24px 0 8px;
  color: var(--jp-ui-font-color1);
  background-color: var(--jp-input-background);
  border: var(--jp-border-width) solid var(--jp-input-border-color);
  border-radius: var(--jp-border-radius);
  font: inherit;
  text-overflow: ellipsis;
}

.kk-EditorWidget .kk-Button,
.kk-LaunchBody .kk-Button {
  display: inline-flex;
  gap: 4px;
  align-items: center;
  width: fit-content;
  height: auto;
  min-height: 28px;
  padding: 4px 10px;
  line-height: normal;
  white-space: normal;
}

.kk-EditorWidget .kk-Button[aria-disabled='true'] {
  opacity: 0.6;
  cursor: default;
}

.kk-EditorWidget .kk-LinkButton,
.kk-LaunchBody .kk-LinkButton {
  width: fit-content;
}

.kk-AddButton {
  display: inline-flex;
  gap: 4px;
  align-items: center;
}

.kk-Tick {
  display: grid;
  grid-template-columns: auto 1fr;
  gap: 2px 8px;
  align-items: center;
}

.kk-Tick .kk-Field-about {
  grid-column: 2;
}

.kk-Gpus,
.kk-PathField,
.kk-Pairs-row,
.kk-SlurmCheck,
.kk-Trial,
.kk-Offered {
  display: flex;
  flex-wrap: wrap;
  gap: 6px 8px;
  align-items: center;
}

.kk-PathField input.kk-Input {
  flex: 1 1 180px;
  width: auto;
}

.kk-Pairs {
  display: flex;
  flex-direction: column;
  gap: 6px;
  align-items: flex-start;
}

.kk-Pairs-row {
  flex-wrap: nowrap;
  width: 100%;
}

.kk-Pairs-row input:first-child {
  flex: 0 1 40%;
}

.kk-EditorWidget .kk-Problems,
.kk-LaunchBody .kk-Problems,
.kk-EditorWidget .kk-Problems ul,
.kk-LaunchBody .kk-Problems ul {
  box-sizing: border-box;
  width: 100%;
  max-height: none;
  margin: 0;
  padding: 0;
  border: none;
}

/* What it is made of */

.kk-Cards {
  display: grid;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 220px), 1fr));
  gap: 8px;
}

.kk-Card {
  display: grid;
  grid-template-columns: auto 1fr;
  grid-template-rows: auto 1fr;
  gap: 2px 8px;
  align-items: center;
  padding: 8px 10px;
  border: var(--jp-border-width) solid var(--jp-border-color1);
  border-radius: var(--jp-border-radius);
  cursor: pointer;
}

.kk-Card:hover {
  background: var(--jp-layout-color2);
}

.kk-Card:has(input:checked) {
  border-color: var(--jp-brand-color1);
  box-shadow: inset 0 0 0 1px var(--jp-brand-color1);
}

.kk-Card-title {
  font-weight: 600;
}

.kk-Card-about {
  grid-column: 2;
  align-self: start;
  color: var(--kk-muted);
  font-size: var(--jp-ui-font-size0);
  line-height: 1.3;
}

/* Modules */

.kk-Modules {
  margin: 0;
  padding: 0;
  border: var(--jp-border-width) solid var(--jp-border-color1);
  border-radius: var(--jp-border-radius);
  list-style: none;
  counter-reset: kk-module;
}

.kk-Modules-row {
  display: flex;
  align-items: center;
  padding: 2px 4px 2px 10px;
  counter-increment: kk-module;
  cursor: grab;
}

.kk-Modules-row + .kk-Modules-row {
  border-top: var(--jp-border-width) solid var(--jp-border-color2);
}

.kk-Modules-name {
  flex: 1 1 auto;
  min-width: 0;
  font-family: var(--jp-code-font-family);
  overflow-wrap: anywhere;
}

.kk-Modules-name::before {
  padding-right: 8px;
  color: var(--kk-muted);
  content: counter(kk-module) '.';
}

.kk-Outcome {
  display: flex;
  flex-direction: column;
  gap: 2px;
  line-height: 1.4;
  overflow-wrap: anywhere;
}

.kk-Ways,
.kk-OfferSearch,
.kk-Folders {
  display: flex;
  flex-direction: column;
  gap: 6px;
  padding: 8px;
  background: var(--jp-layout-color1);
  border: var(--jp-border-width) solid var(--jp-border-color1);
  border-radius: var(--jp-border-radius);
}

.kk-OfferSearch-count {
  color: var(--kk-muted);
  font-size: var(--jp-ui-font-size0);
}

.kk-OfferSearch-list,
.kk-Folders-list {
  display: flex;
  height: 280px;
  max-height: 60cqh;
}

.kk-OfferRow,
.kk-Folders-entry {
  width: 100%;
  padding: 5px 8px;
  color: inherit;
  background: transparent;
  border: none;
  font: inherit;
  text-align: left;
  cursor: pointer;
}

.kk-OfferRow {
  display: flex;
  flex-direction: column;
  gap: 2px;
}

.kk-OfferRow:hover,
.kk-Folders-row:hover {
  background: var(--jp-layout-color2);
}

.kk-OfferRow:focus-visible,
.kk-Folders-entry:focus-visible {
  outline-offset: -2px;
}

.kk-OfferRow-head {
  display: flex;
  flex-wrap: wrap;
  gap: 8px;
}

.kk-OfferRow-name {
  font-weight: 600;
  overflow-wrap: anywhere;
}

.kk-OfferRow-mark {
  display: inline-flex;
  gap: 2px;
  align-items: center;
  font-size: var(--jp-ui-font-size0);
}

.kk-OfferRow-about {
  color: var(--kk-muted);
  font-size: var(--jp-ui-font-size0);
  overflow-wrap: anywhere;
}

.kk-Folders-head,
.kk-Folders-row {
  display: flex;
  gap: 8px;
  align-items: center;
}

.kk-Folders-head {
  flex-wrap: wrap;
  justify-content: space-between;
}

.kk-Folders-path {
  font-family: var(--jp-code-font-family);
  overflow-wrap: anywhere;
}

.kk-Folders-entry {
  display: flex;
  gap: 6px;
  align-items: center;
  min-width: 0;
  overflow-wrap: anywhere;
}

/* Preview */

.kk-Preview-status:empty {
  display: none;
}

.kk-Tabs-bar {
  display: flex;
  flex-wrap: wrap;
  gap: 2px;
  border-bottom: var(--jp-border-width) solid var(--jp-border-color1);
}

.kk-Tabs-tab {
  padding: 6px 10px;
  color: inherit;
  background: transparent;
  border: none;
  border-bottom: 2px solid transparent;
  font: inherit;
  cursor: pointer;
}

.kk-Tabs-tab:hover {
  background: var(--jp-layout-color3);
}

.kk-Tabs-tab[aria-selected='true'] {
  border-bottom-color: var(--jp-brand-color1);
  font-weight: 600;
}

.kk-Tabs-tab:focus-visible {
  outline-offset: -2px;
}

.kk-Tabs-panel {
  display: flex;
  flex-direction: column;
  gap: 6px;
  padding-top: 8px;
}

.kk-Preview-whole {
  display: flex;
  gap: 6px;
  align-items: center;
}

.kk-Code {
  margin: 0;
  padding: 8px;
  overflow: auto;
  color: var(--jp-content-font-color1);
  background: var(--jp-layout-color0);
  border: var(--jp-border-width) solid var(--jp-border-color2);
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
  line-height: var(--jp-code-line-height);
  tab-size: 4;
}

.kk-Code-line {
  display: block;
  width: max-content;
  min-width: 100%;
}

/* The sign at the line's start says it; the ground repeats it. */
.kk-Code-line.kk-mod-added {
  background: color-mix(in srgb, var(--jp-success-color1) 22%, transparent);
}

.kk-Code-line.kk-mod-removed {
  background: color-mix(in srgb, var(--jp-error-color1) 18%, transparent);
}

.kk-Code-line.kk-mod-place {
  font-style: italic;
}

.kk-mod-pending .kk-Code {
  opacity: 0.6;
}

/* Saving */

.kk-SaveBar {
  flex: 0 0 auto;
  max-height: 50%;
  padding: 10px 16px;
  overflow: auto;
  background: var(--jp-layout-color1);
  border-top: var(--jp-border-width) solid var(--jp-border-color1);
}

.kk-SaveBar .kk-Actions {
  align-items: center;
  margin-top: 0;
}

.kk-SaveBar-task + .kk-Actions,
.kk-SaveBar .kk-ErrorState + .kk-Actions,
.kk-Conflict + .kk-Actions,
.kk-Conflict .kk-Actions {
  margin-top: 8px;
}

.kk-SaveBar .kk-TaskSteps ol {
  margin: 0;
  padding: 0;
  list-style: none;
}

.kk-SaveBar .kk-TaskSteps li {
  display: flex;
  gap: 6px;
  padding: 1px 0;
}

.kk-Trial {
  margin-left: auto;
}

/* One launch */

.kk-LaunchDialog .jp-Dialog-content {
  width: min(680px, 94vw);
  max-width: none;
  max-height: 90vh;
}

.kk-LaunchBody {
  display: flex;
  flex-direction: column;
  gap: 12px;
  padding: 2px;
  overflow: auto;
}
`,""]),r.d(e,{},{A:n})},53(o,e,r){var t=r(50),a=r.n(t),i=r(51),n=(r.n(i))()(a());n.push([o.id,`/* The Jobs panel, the state of jobs in toolbars and the status bar, logs. */

.kk-TimeBar {
  display: flex;
  align-items: center;
  gap: 6px;
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size0);
}

.kk-TimeBar-words {
  white-space: nowrap;
}

.kk-TimeBar-track {
  flex: 0 1 96px;
  min-width: 24px;
  height: 4px;
  overflow: hidden;
  border-radius: 2px;
  background: var(--jp-layout-color3);
}

.kk-TimeBar-share {
  display: block;
  height: 100%;
  background: var(--jp-brand-color1);
}

.kk-TimeBar.kk-mod-warn .kk-TimeBar-share {
  background: var(--jp-warn-color1);
}

.kk-TimeBar.kk-mod-bad .kk-TimeBar-share {
  background: var(--jp-error-color1);
}

.kk-TimeBar.kk-mod-warn .kk-TimeBar-words,
.kk-TimeBar.kk-mod-bad .kk-TimeBar-words {
  color: var(--jp-ui-font-color1);
  font-weight: 600;
}

.kk-GpuUse {
  display: flex;
  flex-direction: column;
  gap: 2px;
  padding: 0 8px 6px;
  color: var(--kk-muted);
  font-size: var(--jp-ui-font-size0);
  line-height: 1.3;
  overflow-wrap: anywhere;
}

.kk-GpuUse-gpu {
  display: flex;
  align-items: center;
  gap: 6px;
}

.kk-GpuUse-track {
  flex: 0 0 24px;
  height: 4px;
  overflow: hidden;
  border-radius: 2px;
  background: var(--jp-layout-color3);
}

.kk-GpuUse-share {
  display: block;
  height: 100%;
  background: var(--jp-accent-color1);
}

.kk-JobIndicator-button {
  display: block;
  max-width: 28em;
  height: 100%;
  overflow: hidden;
  padding: 0 6px;
  border: 0;
  border-bottom: 2px solid transparent;
  background: none;
  color: var(--jp-ui-font-color1);
  font: inherit;
  text-overflow: ellipsis;
  white-space: nowrap;
  cursor: pointer;
}

.kk-JobIndicator-button:hover {
  background: var(--jp-layout-color2);
}

.kk-JobIndicator-button:focus-visible {
  outline: 1px solid var(--jp-brand-color1);
  outline-offset: -1px;
}

.kk-JobIndicator-button.kk-mod-warn {
  border-bottom-color: var(--jp-warn-color1);
  font-weight: 600;
}

.kk-JobIndicator-button.kk-mod-bad {
  border-bottom-color: var(--jp-error-color1);
  font-weight: 600;
}

.kk-RunLog {
  display: flex;
  flex-direction: column;
  background: var(--jp-layout-color0);
  color: var(--jp-content-font-color1);
}

.kk-RunLog-cut {
  margin: 0;
  padding: 4px 8px;
  border-bottom: 1px solid var(--jp-border-color2);
  color: var(--jp-ui-font-color2);
}

.kk-RunLog-text {
  flex: 1;
  overflow: auto;
  margin: 0;
  padding: 8px;
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
  line-height: var(--jp-code-line-height);
  white-space: pre-wrap;
  overflow-wrap: anywhere;
}

.kk-RunLog-text:focus-visible {
  outline: 1px solid var(--jp-brand-color1);
  outline-offset: -1px;
}
`,""]),r.d(e,{},{A:n})},51(o){o.exports=function(o){var e=[];return e.toString=function(){return this.map(function(e){var r="",t=void 0!==e[5];return e[4]&&(r+="@supports (".concat(e[4],") {")),e[2]&&(r+="@media ".concat(e[2]," {")),t&&(r+="@layer".concat(e[5].length>0?" ".concat(e[5]):""," {")),r+=o(e),t&&(r+="}"),e[2]&&(r+="}"),e[4]&&(r+="}"),r}).join("")},e.i=function(o,r,t,a,i){"string"==typeof o&&(o=[[null,o,void 0]]);var n={};if(t)for(var l=0;l<this.length;l++){var d=this[l][0];null!=d&&(n[d]=!0)}for(var k=0;k<o.length;k++){var p=[].concat(o[k]);t&&n[p[0]]||(void 0!==i&&(void 0===p[5]||(p[1]="@layer".concat(p[5].length>0?" ".concat(p[5]):""," {").concat(p[1],"}")),p[5]=i),r&&(p[2]&&(p[1]="@media ".concat(p[2]," {").concat(p[1],"}")),p[2]=r),a&&(p[4]?(p[1]="@supports (".concat(p[4],") {").concat(p[1],"}"),p[4]=a):p[4]="".concat(a)),e.push(p))}},e}},50(o){o.exports=function(o){return o[1]}},43(o){var e=[];function r(o){for(var r=-1,t=0;t<e.length;t++)if(e[t].identifier===o){r=t;break}return r}function t(o,t){for(var a={},i=[],n=0;n<o.length;n++){var l=o[n],d=t.base?l[0]+t.base:l[0],k=a[d]||0,p="".concat(d," ").concat(k);a[d]=k+1;var s=r(p),c={css:l[1],media:l[2],sourceMap:l[3],supports:l[4],layer:l[5]};if(-1!==s)e[s].references++,e[s].updater(c);else{var u=function(o,e){var r=e.domAPI(e);return r.update(o),function(e){e?(e.css!==o.css||e.media!==o.media||e.sourceMap!==o.sourceMap||e.supports!==o.supports||e.layer!==o.layer)&&r.update(o=e):r.remove()}}(c,t);t.byIndex=n,e.splice(n,0,{identifier:p,updater:u,references:1})}i.push(p)}return i}o.exports=function(o,a){var i=t(o=o||[],a=a||{});return function(o){o=o||[];for(var n=0;n<i.length;n++){var l=r(i[n]);e[l].references--}for(var d=t(o,a),k=0;k<i.length;k++){var p=r(i[k]);0===e[p].references&&(e[p].updater(),e.splice(p,1))}i=d}}},45(o){var e={};o.exports=function(o,r){var t=function(o){if(void 0===e[o]){var r=document.querySelector(o);if(window.HTMLIFrameElement&&r instanceof window.HTMLIFrameElement)try{r=r.contentDocument.head}catch(o){r=null}e[o]=r}return e[o]}(o);if(!t)throw Error("Couldn't find a style target. This probably means that the value for the 'insert' parameter is invalid.");t.appendChild(r)}},47(o){o.exports=function(o){var e=document.createElement("style");return o.setAttributes(e,o.attributes),o.insert(e,o.options),e}},46(o,e,r){o.exports=function(o){var e=r.nc;e&&o.setAttribute("nonce",e)}},44(o){o.exports=function(o){if("u"<typeof document)return{update:function(){},remove:function(){}};var e=o.insertStyleElement(o);return{update:function(r){var t,a,i;t="",r.supports&&(t+="@supports (".concat(r.supports,") {")),r.media&&(t+="@media ".concat(r.media," {")),(a=void 0!==r.layer)&&(t+="@layer".concat(r.layer.length>0?" ".concat(r.layer):""," {")),t+=r.css,a&&(t+="}"),r.media&&(t+="}"),r.supports&&(t+="}"),(i=r.sourceMap)&&"u">typeof btoa&&(t+="\n/*# sourceMappingURL=data:application/json;base64,".concat(btoa(unescape(encodeURIComponent(JSON.stringify(i))))," */")),o.styleTagTransform(t,e,o.options)},remove:function(){var o;null===(o=e).parentNode||o.parentNode.removeChild(o)}}}},48(o){o.exports=function(o,e){if(e.styleSheet)e.styleSheet.cssText=o;else{for(;e.firstChild;)e.removeChild(e.firstChild);e.appendChild(document.createTextNode(o))}}},42(o,e,r){var t=r(43),a=r.n(t),i=r(44),n=r.n(i),l=r(45),d=r.n(l),k=r(46),p=r.n(k),s=r(47),c=r.n(s),u=r(48),f=r.n(u),h=r(49),m={};m.styleTagTransform=f(),m.setAttributes=p(),m.insert=d().bind(null,"head"),m.domAPI=n(),m.insertStyleElement=c(),a()(h.A,m),h.A&&h.A.locals&&h.A.locals;var x=r(52),g={};g.styleTagTransform=f(),g.setAttributes=p(),g.insert=d().bind(null,"head"),g.domAPI=n(),g.insertStyleElement=c(),a()(x.A,g),x.A&&x.A.locals&&x.A.locals;var b=r(53),v={};v.styleTagTransform=f(),v.setAttributes=p(),v.insert=d().bind(null,"head"),v.domAPI=n(),v.insertStyleElement=c(),a()(b.A,v),b.A&&b.A.locals&&b.A.locals}}]);
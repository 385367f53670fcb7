;;; lsp-mode.el --- An audit, a hover and a fix with lsp-mode; the file is the last argument  -*- lexical-binding: t -*-

(load (expand-file-name "plain.el" (file-name-directory load-file-name)) nil t)
(setq lsp-session-file (expand-file-name "lsp-session" (getenv "HOME")) lsp-auto-guess-root t lsp-enable-snippet nil
      lsp-headerline-breadcrumb-enable nil lsp-diagnostics-provider :flymake lsp-restart 'ignore
      lsp-modeline-diagnostics-enable nil lsp-modeline-code-actions-enable nil lsp-enable-suggest-server-download nil
      lsp-warn-no-matched-clients nil)
(require 'flymake)
(require 'lsp-diagnostics)
(advice-add 'lsp-on-progress-modeline :before
            (lambda (_workspace params)
              (push (lsp-get (lsp-get params :value) :kind) seen-progress)))

(find-file (car (last command-line-args)))
(python-mode)
(lsp-workspace-folders-add default-directory)
(lsp)
(wait-until "a server" (lambda () (seq-some (lambda (one) (eq 'initialized (lsp--workspace-status one))) (lsp-workspaces))))
(maestro-audit)
(wait-until "findings" (lambda () (> (hash-table-count (lsp-diagnostics t)) 0)))
(let ((found (lsp--get-buffer-diagnostics)))
  (tell "findings" (mapcar (lambda (one) (lsp-get one :message)) found))
  (goto-char (lsp--position-to-point (lsp-get (lsp-get (car found) :range) :start))))
(tell "hover" (lsp-get (lsp-request "textDocument/hover" (lsp--text-document-position-params)) :contents))
(wait-until "the end of the audit" (lambda () (member "end" seen-progress)))
(tell "progress" (delete-dups (reverse seen-progress)))
(let ((actions (lsp-code-actions-at-point)))
  (tell "actions" (mapcar (lambda (action) (lsp-get action :title)) actions))
  (lsp-execute-code-action (seq-find (lambda (action) (not (lsp-get action :command))) actions)))
(wait-until "no findings" (lambda () (null (lsp--get-buffer-diagnostics))))
(save-buffer)
(lsp-workspace-shutdown (car (lsp-workspaces)))

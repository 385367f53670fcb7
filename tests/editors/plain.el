;;; plain.el --- What both clients of Emacs are tried with  -*- lexical-binding: t -*-

(defvar seen-progress nil "The kinds of progress that were told.")

(defun wait-until (what function)
  "What FUNCTION returns once it is true; an error that names WHAT after a minute."
  (let ((end (+ (float-time) 60)) found)
    (while (not (setq found (funcall function)))
      (when (> (float-time) end) (error "Never: %s" what))
      (accept-process-output nil 0.05))
    found))

(defun tell (name value)
  "Print a line the test reads."
  (princ (format "%s: %s\n" name value)))

(defun diagnostics ()
  "The texts of what Flymake shows."
  (mapcar #'flymake-diagnostic-text (flymake-diagnostics)))

"""Result files and directories: complete, or not there."""

process.stdout.write('visual-salamandra\n');
